"""Maximum mean discrepancy between two samples, unbiased: of pairs with its standard error (LR 4.2), or to descend."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_generator
from latentassay.stats.intervals import student
from latentassay.stats.skewed import UNSEEN, skewed_interval

DIFFERENT = 2.0
"""Squared discrepancy of two points far apart."""

ROUNDING = 1e-30
"""Smaller discrepancies are none."""

SMALLEST = 1e-300
"""Least number that is divided by."""

AT_ONCE = 2**16
"""Numbers that stay in the fast memory from one width to the next, about."""

HELD = 2**22
"""Numbers of a matrix of pairs that are computed at once."""

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Multiples s of the base width in the multi-scale kernel."""


class MMD(NamedTuple):
    """Squared discrepancy of two samples.

    Attributes:
        value: unbiased, and so a little negative now and then where the samples agree.
        effect: share of the variance of both samples together, in the kernel's feature space, that is variance between
            them, ``(MMD²/4) / (W + MMD²/4)`` with W the mean variance within; 0 where the samples agree, at most 1.
        p_value: of the hypothesis that both distributions are the same, by permutation.
    """

    value: Estimate
    effect: Estimate
    p_value: float


def inverse_multiquadratic(a: Tensor, b: Tensor, widths: Sequence[float]) -> Float[Tensor, "n m"]:
    """Mean over the widths C of ``C / (C + ‖a − b‖²)``.

    >>> inverse_multiquadratic(torch.zeros(1, 2), torch.ones(1, 2), [2.0])
    tensor([[0.5000]])
    """
    return of_squared_distances(torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square(), widths)


def of_squared_distances(squared: Float[Tensor, "n m"], widths: Sequence[float]) -> Float[Tensor, "n m"]:
    """Return the kernel of points whose squared distances are known.

    >>> of_squared_distances(torch.tensor([[0.0, 2.0, 6.0]]), [2.0])
    tensor([[1.0000, 0.5000, 0.2500]])
    """
    rows = max(1, AT_ONCE // max(1, squared.shape[-1])) if not squared.requires_grad else max(1, len(squared))
    return torch.cat([_kernel(part, widths) for part in torch.split(squared, rows)])


def _kernel(squared: Tensor, widths: Sequence[float]) -> Tensor:
    total = torch.zeros_like(squared)
    for c in widths:
        total.add_((squared + c).reciprocal_(), alpha=c)
    return total.div_(len(widths))


def unpaired_mmd(x: Float[Tensor, "n d"], y: Float[Tensor, "m d"], *, widths: Sequence[float]) -> Float[Tensor, ""]:
    """Squared MMD of two independent samples, unbiased and differentiable, ``(n, d)`` and ``(m, d)`` to a scalar.

    ``1/(n(n−1)) Σ_{i≠j} k(x_i, x_j) + 1/(m(m−1)) Σ_{i≠j} k(y_i, y_j) − 2/(n m) Σ_{i,j} k(x_i, y_j)``, with the mean of
    ``inverse_multiquadratic`` over the widths for k (Gretton et al. 2012, lemma 6). Where the samples agree it is as
    often negative as positive, about 0.

    Raises:
        InputError: a sample has fewer than two rows.

    >>> x = torch.tensor([[0.0], [1.0]])
    >>> unpaired_mmd(x, x + 1, widths=[1.0])  # ½ + ½ − ½ (½ + ⅕ + 1 + ½)
    tensor(-0.1000)
    """
    if min(len(x), len(y)) < 2:
        raise InputError(f"the discrepancy of two samples needs two rows of each at least, got {len(x)} and {len(y)}")
    within = _without_itself(x, widths) + _without_itself(y, widths)
    return within - 2 * inverse_multiquadratic(x, y, widths).mean()


def _without_itself(x: Tensor, widths: Sequence[float]) -> Tensor:
    """Mean of the kernel over pairs of different rows; a row and itself count 1 each."""
    n = len(x)
    return (inverse_multiquadratic(x, x, widths).sum() - n) / (n * (n - 1))


def paired_mmd(
    x: Float[Tensor, "n d"],
    y: Float[Tensor, "n d"],
    *,
    widths: Sequence[float],
    generator: Generator | int = 0,
    permutations: int = 999,
) -> MMD:
    """Squared MMD of x and y, where row i of y may depend on row i of x.

    The U-statistic ``1/(n(n−1)) Σ_{i≠j} h_ij`` with ``h_ij = k(x_i,x_j) + k(y_i,y_j) − k(x_i,y_j) − k(y_i,x_j)``
    leaves out i = j everywhere, and so stays unbiased for paired rows. Its variance is
    ``4/n ζ₁ + 2/(n(n−1)) ζ₂`` (Serfling 1980, 5.2.1) with ζ₁ the variance of the row means of h and ζ₂ that
    of h. Its interval is even in the discrepancy itself, which is not squared, and longer towards large ones where few
    rows carry it (``skewed_interval``); it holds what 3 in n pairs would add that differ in full unseen. The p-value
    swaps the two members of random pairs, which flips the signs of h.
    """
    x, y, n = x.double(), y.double(), len(x)
    pairs, sums, generator = n * (n - 1), _Sums(n), as_generator(generator)
    signs = torch.randint(0, 2, (permutations + 1, n), generator=generator).float() * 2 - 1
    signs[0] = 1
    for start in range(0, n, max(1, HELD // n)):
        sums.add(x, y, slice(start, start + max(1, HELD // n)), widths, signs)
    spread = 1 - sums.within / (2 * pairs)
    value = float(sums.rows.sum()) / pairs
    zeta2 = sums.squares / pairs - value**2
    zeta1 = max(0.0, float((sums.rows / (n - 1)).var()) - zeta2 / (n - 1))
    stderr = (4 * zeta1 / n + 2 * zeta2 / pairs) ** 0.5
    found = _estimate(value, stderr, sums.rows / (n - 1))
    # Share of sign flips, none at all among them, that make the sum of h as large.
    flipped = sums.flipped(permutations + 1)
    return MMD(found, _share_between(found, spread), float((flipped >= flipped[0]).sum()) / (permutations + 1))


class _Sums:
    """What is summed of h, whose rows are computed a few at a time: all of it at once is n² numbers, several times."""

    def __init__(self, n: int):
        self.rows = torch.zeros(n, dtype=torch.float64)
        self.within = self.squares = 0.0
        self._flipped: list[Tensor] = []

    def add(self, x: Tensor, y: Tensor, part: slice, widths: Sequence[float], signs: Float[Tensor, "p n"]) -> None:
        """Add the rows of h that ``part`` says, and what sign flips of them all make of these rows' sums."""
        within = inverse_multiquadratic(x[part], x, widths) + inverse_multiquadratic(y[part], y, widths)
        across, first = inverse_multiquadratic(x[part], y, widths), part.start
        back = across.T if len(across) == len(x) else inverse_multiquadratic(y[part], x, widths)
        h = within - across - back
        h.diagonal(first).zero_()
        self.within += float(within.sum() - within.diagonal(first).sum())
        self.squares += float(h.square().sum())
        self.rows[part] = h.sum(1)
        # Single precision will do.
        self._flipped.append(((signs[:, part] @ h.float()) * signs).sum(1))

    def flipped(self, count: int) -> Float[Tensor, " p"]:
        """Return the sum of h under every flip of signs."""
        return torch.stack(self._flipped).sum(0) if self._flipped else torch.zeros(count)


def _estimate(value: float, stderr: float, rows: Float[Tensor, " n"]) -> Estimate:
    """Return a squared discrepancy with its interval, from its error and what each row adds to it."""
    n, root = len(rows), max(value, stderr, ROUNDING) ** 0.5
    interval = skewed_interval(torch.tensor(root, dtype=torch.float64), (rows - rows.mean()) / root)
    reach = float(student(interval.degrees)) * stderr
    # About 0 there is no root to take; the sum is skewed there, too.
    bend = reach / 4 * min(1.0, reach / max(value, SMALLEST))
    high = max(value + reach + bend, value + DIFFERENT * (UNSEEN / n) ** 2)
    if value > reach / 3:
        high = max(high, float(interval.high) ** 2)
    return Estimate(value, low=value - reach + bend, high=high, stderr=stderr, n=n)


def _share_between(value: Estimate, within: float) -> Estimate:
    """Share of the variance that lies between two samples of equal size; its error is that of the discrepancy alone."""
    total = max(within + value / 4, SMALLEST)
    slope = within / 4 / total**2
    low, high = (end / 4 / max(within + end / 4, SMALLEST) for end in (value.low or 0.0, value.high or 0.0))
    return Estimate(value / 4 / total, low=low, high=high, stderr=(value.stderr or 0.0) * slope, n=value.n)
