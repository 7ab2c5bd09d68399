"""Standard errors and intervals, all at 95 % unless a confidence is named."""

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.estimate import CONFIDENCE, Z95, Estimate


class Interval(NamedTuple):
    """Lower and upper end."""

    low: float
    high: float


def normal(value: float, stderr: float) -> Interval:
    """``value ± 1.96 stderr``.

    >>> round(normal(1.0, 0.5).high, 4)
    1.98
    """
    return Interval(value - Z95 * stderr, value + Z95 * stderr)


def student(degrees: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Student's t at 97.5 %: what takes the place of 1.96 where a standard error rests on few independent pieces.

    >>> student(torch.tensor([8.0, 1e6]).double())
    tensor([2.3060, 1.9600], dtype=torch.float64)
    """
    from scipy.special import stdtrit

    return torch.as_tensor(stdtrit(degrees.double().numpy(), 0.5 + CONFIDENCE / 2))


def widen(stderr: Float[Tensor, "*shape"], n: int) -> Float[Tensor, "*shape"]:
    """Return standard errors that rest on n independent pieces, times Student's t over 1.96.

    So 1.96 of what comes back make a 95 % interval, whatever n is, and nobody who reads it needs to know n.

    >>> widen(torch.ones(1, dtype=torch.float64), 5)  # 2.776 / 1.96
    tensor([1.4166], dtype=torch.float64)
    """
    return stderr * float(student(torch.tensor([n - 1.0]))) / Z95


def student_estimate(value: float, stderr: float, pieces: int, *, n: int | None = None) -> Estimate:
    """Return an estimate whose interval is Student's for so many independent pieces: ``value ± t stderr``.

    Args:
        value: what was found.
        stderr: its standard error, as it is.
        pieces: independent pieces that the error rests on.
        n: number of samples; as many as pieces where left out.

    >>> found = student_estimate(3.0, 1.0, 3)
    >>> found.stderr, round(found.high, 3)  # t is 4.303
    (1.0, 7.303)
    """
    half = float(student(torch.tensor([pieces - 1.0]))) * stderr
    return Estimate(value, low=value - half, high=value + half, stderr=stderr, n=pieces if n is None else n)


def jackknife_stderr(without: Float[Tensor, "b *shape"]) -> Float[Tensor, "*shape"]:
    """Return the standard error of a statistic from its values without each of b blocks in turn: ``√((b−1)/b Σ δ²)``.

    δ are the deviations of these values from their mean. ``widen(…, b)`` puts Student's t for b pieces inside.

    Args:
        without: the statistic of all rows but those of one block, ``(b, *shape)``, b at least 2.

    Source: Efron and Stein, The jackknife estimate of variance, 1981.

    >>> x = torch.tensor([1.0, 3.0, 5.0, 7.0], dtype=torch.float64)
    >>> torch.isclose(jackknife_stderr((16 - x) / 3), x.std() / 2)
    tensor(True)
    """
    b = len(without)
    return ((without - without.mean(0)).square().sum(0) * (b - 1) / b).sqrt()


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927), right also near 0 and 1.

    >>> [round(end, 4) for end in wilson(0, 100)]
    [0.0, 0.037]
    """
    z, p = NormalDist().inv_cdf(0.5 + confidence / 2), successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    # Rounding must not push an end past the proportion itself when that is 0 or 1.
    return Interval(min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)))


def half_errors(
    statistics: Callable[[Int[np.ndarray, " half"]], Sequence[float]], n: int, *, resamples: int, seed: int
) -> tuple[float, ...] | None:
    """Return standard errors of statistics of n rows, from their spread over random halves; ``None`` for no resamples.

    A half drawn without replacement varies about its mean as the whole does about the truth (the delete-half
    jackknife, Shao and Wu 1989), and holds no row twice. So it suits what a bootstrap would flatter: predictors that
    would meet in the test what they learned, neighbours that would be their own copies.

    Args:
        statistics: rows → values, as many for every half; called once for each half.
        n: number of rows.
        resamples: number of halves, 0 or at least 2.
        seed: seed of the halves.

    Raises:
        InputError: one half, of which there is no spread, or a negative number of them.

    >>> x = np.random.default_rng(0).normal(size=400)
    >>> round(half_errors(lambda rows: [x[rows].mean()], 400, resamples=200, seed=0)[0], 2)  # 1 / √400
    0.05
    """
    if resamples == 0:
        return None
    if resamples < 2:
        raise InputError(f"resamples must be 0 (no interval) or at least 2, got {resamples}")
    rng, half = np.random.default_rng(seed), n // 2
    halves = [statistics(np.sort(rng.permutation(n)[:half])) for _ in range(resamples)]
    scale = (half / (n - half)) ** 0.5
    return tuple(float(np.std(values, ddof=1)) * scale for values in zip(*halves, strict=True))


def proportion(successes: int, n: int) -> Estimate:
    """Return a share with Wilson's interval.

    >>> proportion(0, 100)
    0.000 (0.000 to 0.037)
    """
    low, high = wilson(successes, n)
    return Estimate(successes / n, low=low, high=high, n=n)


def mean_of_rows(values: Float[Tensor, " n"]) -> Estimate:
    """Return the mean of one value for each row, with its normal interval.

    >>> mean_of_rows(torch.tensor([1.0, 3.0]))
    2.0 ± 2.0
    """
    return Estimate(float(values.mean()), stderr=float(values.std()) / len(values) ** 0.5, n=len(values))
