"""The conditioned response matrix and the scores read from it (LR 4.1.1, 4.1.2, A.4.1)."""

import warnings
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.core.observations import FactoredObservations, finite, groups_varying
from latentassay.core.progress import bar
from latentassay.core.units import Units, as_units
from latentassay.responses.response import interventions
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE, drawn, encode
from latentassay.stats.intervals import student

FIRST, LEAST = 4, 12
"""Groups in the first round under a budget, and groups before an interval is trusted enough to stop a unit."""


class ConditionedMatrix(NamedTuple):
    """Root mean squared diagonal response while only one factor varies.

    Attributes:
        matrix: ``M*[m,j]``, row = factor that varies, column = unit intervened on.
        stderr: its standard error, groups being the independent pieces; a row of a single group cannot tell, and has 0.
        factor_names: name of every row.
        units: the units intervened on.
        groups: how many groups each row rests on, at most.
        samples: how many latents each row rests on, at most.
        used: how many groups every entry rests on; fewer where a unit stopped early.
    """

    matrix: Float[Tensor, "m u"]
    stderr: Float[Tensor, "m u"]
    factor_names: tuple[str, ...]
    units: Units
    groups: tuple[int, ...]
    samples: tuple[int, ...]
    used: Int[Tensor, "m u"]


class CausalScore(NamedTuple):
    """CDS or CCS in [0, 1], with the shares it was summed from and its variant in words."""

    score: float
    shares: Float[Tensor, " k"]
    variant: str


class _Tally:
    """What is known of one factor so far: squared diagonal responses, summed inside every group."""

    def __init__(self, groups: list[Tensor], units: int):
        self.groups, self.sizes = groups, torch.tensor([len(group) for group in groups])
        self.sums = torch.zeros(len(groups), units, dtype=torch.float64)
        self.used = torch.zeros(units, dtype=torch.long)
        self.active = list(range(units))

    def root_mean(self) -> tuple[Float[Tensor, " u"], Float[Tensor, " u"]]:
        """√mean and its standard error, by the linearised ratio of group sums to group sizes."""
        counted = (torch.arange(len(self.groups))[:, None] < self.used).double()
        sizes = counted * self.sizes[:, None]
        total, count = sizes.sum(0), self.used.double()
        mean = self.sums.sum(0) / total
        residual = (self.sums - mean * sizes).square().sum(0)
        few = (count - 1).clamp(min=1)
        stderr_of_mean = (residual * count / few).sqrt() / total * student(few) / Z95
        return mean.sqrt(), stderr_of_mean / (2 * mean.sqrt()).clamp(min=1e-300)


def conditioned_response_matrix(
    model: Autoencoder,
    data: FactoredObservations,
    *,
    generator: Generator,
    units: Units | Any = None,
    groups_per_factor: int = 50,
    precision: float | int | None = None,
    budget: float | int | None = None,
    batch_size: int = BATCH_SIZE,
) -> ConditionedMatrix:
    """Measure ``M*[m,j]``: the diagonal response of unit j to values that occur while only factor m varies.

    For each factor, groups of rows that agree on all others are drawn; inside a group every row is encoded
    to z ~ q(z|x) and unit j takes the value it has in the next row of the (shuffled) group. The mean runs
    over groups and samples. Works on full grids and on partial sets.

    Args:
        model: any autoencoder.
        data: observations with at least two factors.
        units: what is intervened on; give only the causal units to save time.
        groups_per_factor: at most this many groups are drawn for each factor.
        precision: stop an entry as soon as its 95 % interval is no wider to each side than this times the greatest
            entry of its column.
        budget: seconds after which no further groups are measured.

    Raises:
        InputError: fewer than two factors, or a factor that never varies alone in the data; ``groups_per_factor``
            below 2; NaN or infinite values; precision or budget not positive.
    """
    if data.factors.shape[1] < 2:
        raise InputError(f"conditioning needs at least two factors, the data have {data.factors.shape[1]}")
    if groups_per_factor < 2:
        raise InputError(f"groups_per_factor must be at least 2, got {groups_per_factor}")
    units, stopping = as_units(units, model.latent_shape), Stopping(precision, budget)
    factors = range(data.factors.shape[1])
    tallies = [_Tally(_draw_groups(data, m, groups_per_factor, generator), len(units)) for m in factors]
    with bar(sum(int(tally.sizes.sum()) for tally in tallies) * (len(units) + 1), "conditioned responses") as progress:
        done, total = 0, max(len(tally.groups) for tally in tallies)
        while done < total:
            count = stopping.next_round(done, total, first=FIRST, least=LEAST, cost=_cost(tallies, done))
            if not count or not any(tally.active for tally in tallies):
                break
            for tally in tallies:
                _extend(tally, slice(done, done + count), model, data, units, generator, batch_size)
                rows = int(tally.sizes[done : done + count].sum())
                stopping.count(rows * (len(tally.active) + 1) if tally.active else 0)
                progress.update(rows * (len(units) + 1))
            done += count
            if done >= LEAST:
                _retire(tallies, stopping)
    matrix, stderr = (torch.stack(part) for part in zip(*(tally.root_mean() for tally in tallies), strict=True))
    used = torch.stack([tally.used for tally in tallies])
    groups = tuple(int(row.max()) for row in used)
    samples = tuple(int(tally.sizes[:count].sum()) for tally, count in zip(tallies, groups, strict=True))
    return ConditionedMatrix(matrix, stderr, tuple(data.factor_names), units, groups, samples, used)


def _draw_groups(data: FactoredObservations, factor: int, count: int, generator: Generator) -> list[Tensor]:
    seed = int(torch.randint(2**31, (1,), generator=generator))
    groups = groups_varying(data.factors, factor, limit=count, seed=seed)
    if not groups:
        name = data.factor_names[factor]
        raise InputError(f"{name!r} never varies while the other factors stay; use more rows or drop this factor")
    order = torch.randperm(len(groups), generator=generator)
    found = [torch.from_numpy(groups[int(g)]) for g in order]
    return [group[torch.randperm(len(group), generator=generator)] for group in found]


def _cost(tallies: list[_Tally], done: int) -> int:
    """Passes that one more group of every factor takes, about."""
    left = [(tally.sizes[done:], len(tally.active) + 1) for tally in tallies if len(tally.groups) > done]
    return max(1, round(sum(float(sizes.double().mean()) * passes for sizes, passes in left)))


def _extend(
    tally: _Tally,
    part: slice,
    model: Autoencoder,
    data: FactoredObservations,
    units: Units,
    generator: Generator,
    batch_size: int,
) -> None:
    """Measure further groups of one factor for the units that are still asked."""
    groups = tally.groups[part]
    if not groups or not tally.active:
        return
    sizes = [len(group) for group in groups]
    z = drawn(encode(model, data, rows=torch.cat(groups), generator=generator, batch_size=batch_size))
    values = torch.cat([inside.roll(-1, 0) for inside in torch.split(z, sizes)])
    squares = torch.empty(len(z), len(tally.active), dtype=torch.float64)
    with eval_mode(model) as (device, dtype):
        for rows in torch.split(torch.arange(len(z)), batch_size):
            base, new = z[rows].to(device, dtype), values[rows].to(device, dtype)
            response, ask = interventions(model, units, base)
            for column, j in enumerate(tally.active):
                squares[rows, column] = units.squared_norm(ask(j, new) - response)[:, j].double().cpu()
    group = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    sums = torch.zeros(len(sizes), len(tally.active), dtype=torch.float64)
    sums.index_add_(0, group, finite(squares, "squared responses"))
    tally.sums[part.start : part.start + len(groups), tally.active] = sums
    tally.used[tally.active] += len(groups)


def _retire(tallies: list[_Tally], stopping: Stopping) -> None:
    """Stop asking units whose entry is precise enough beside the greatest of its column."""
    matrix, stderr = zip(*(tally.root_mean() for tally in tallies), strict=True)
    greatest = torch.stack(matrix).amax(0)
    for tally, errors in zip(tallies, stderr, strict=True):
        half = Z95 * errors
        tally.active = [j for j in tally.active if not stopping.is_precise(float(half[j]), float(greatest[j]))]


def causal_disentanglement(c: ConditionedMatrix, *, rescaled: bool = True) -> CausalScore:
    """CDS = Σ_j max_m M*[m,j] / Σ_mj M*[m,j] (LR equation 7): does each unit serve one factor?

    Args:
        c: what ``conditioned_response_matrix`` returned, its units the causal ones.
        rescaled: map [1/m, 1] to [0, 1], m the number of factors, as the text says; the published code
            does not.

    A matrix of zeros scores 0 with a warning.
    """
    return _concentration(c.matrix, 0, rescaled, "CDS")


def causal_completeness(c: ConditionedMatrix, *, rescaled: bool = True) -> CausalScore:
    """CCS = Σ_m max_j M*[m,j] / Σ_mj M*[m,j] (LR equation 13): does each factor live in one unit?

    Rescaled from [1/u, 1], u the number of units, unless ``rescaled`` is false. A single unit scores 1.
    """
    return _concentration(c.matrix, 1, rescaled, "CCS")


def _concentration(matrix: Float[Tensor, "m u"], axis: int, rescaled: bool, name: str) -> CausalScore:
    total, choices = matrix.sum(), matrix.shape[axis]
    variant = f"{name}, {'rescaled to [0, 1]' if rescaled else f'not rescaled (least value 1/{choices})'}"
    if total == 0:
        warnings.warn(f"{name}: no unit responds to any factor; the score is 0 by definition", stacklevel=3)
        return CausalScore(0.0, torch.zeros(matrix.shape[1 - axis]), variant)
    shares = matrix.amax(axis) / total
    score = float(shares.sum())
    if rescaled and choices > 1:
        score = (score - 1 / choices) / (1 - 1 / choices)
    return CausalScore(score, shares, variant)
