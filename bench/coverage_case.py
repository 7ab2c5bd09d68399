"""What a case of ``bench/coverage.py`` is, and how the coverage of its intervals is counted."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import wilson

SIZES, REPETITIONS = (128, 1024), 200


class Case(NamedTuple):
    """One process that generates data, and the quantities that are estimated from n rows of it.

    Attributes:
        process: what generates the data, in a few words.
        draw: ``(n, seed)`` → quantities by name, each an estimate with an interval or several of one kind (the entries
            of a matrix), whose coverage is then pooled. Everything random follows from the seed.
        truth: ``n`` → the values under the same names, as many: a closed form, or at least 200,000 rows.
        sizes: numbers of rows.
        against: quantity → what its truth is, in words.
        variant: what is chosen other than the defaults, in words.
        metric: which metric it is about, if it is about one.
    """

    process: str
    draw: Callable[[int, int], Mapping[str, Estimate | Sequence[Estimate]]]
    truth: Callable[[int], Mapping[str, float | Sequence[float]]]
    sizes: tuple[int, ...] = SIZES
    against: Callable[[str], str] = lambda quantity: "closed form"
    variant: str = "defaults"
    metric: str = ""


class Counts(NamedTuple):
    """One repetition of one quantity: which intervals held the truth, errors, and half widths."""

    held: np.ndarray
    error: np.ndarray
    half: np.ndarray


def measure(case: Case, n: int, repetitions: int = REPETITIONS) -> list[dict[str, Any]]:
    """Rows of the table, one for each quantity: how often its intervals hold the truth, and how far off it is."""
    truth, counts = case.truth(n), defaultdict[str, list[Counts]](list)
    for seed in range(repetitions):
        for quantity, found in case.draw(n, seed).items():
            counts[quantity].append(compare(found, truth[quantity]))
    return [row(case, n, quantity, found) for quantity, found in counts.items()]


def compare(found: Estimate | Sequence[Estimate], truth: float | Sequence[float]) -> Counts:
    """Compare estimates with the truth; an estimate without an interval is an interval of no width."""
    estimates = [found] if isinstance(found, Estimate) else list(found)
    ends = np.array([[value if e is None else e for e in (value.low, value.high)] for value in estimates])
    right = np.broadcast_to(np.asarray(truth, dtype=float).ravel(), len(estimates))
    held = (ends[:, 0] <= right + 1e-12) & (right - 1e-12 <= ends[:, 1])
    return Counts(held, np.array(estimates, dtype=float) - right, (ends[:, 1] - ends[:, 0]) / 2)


def row(case: Case, n: int, quantity: str, found: list[Counts]) -> dict[str, Any]:
    """One row of the table. The binomial interval takes repetitions, not the entries of a matrix, as independent."""
    held, error, half = (np.stack(part) for part in zip(*found, strict=True))
    coverage = float(held.mean())
    interval = wilson(round(coverage * len(found)), len(found))
    return {
        "quantity": quantity,
        "n": n,
        "process": case.process,
        "variant": case.variant,
        "truth": case.against(quantity),
        "seeds": f"0 to {len(found) - 1}",
        "repetitions": len(found),
        "coverage": round(coverage, 4),
        "binomial_interval": [round(interval.low, 4), round(interval.high, 4)],
        "mean_bias": float(f"{error.mean():.3g}"),
        "mean_half_width": float(f"{half.mean():.3g}"),
    }
