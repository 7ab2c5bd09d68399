"""Cases of ``bench/coverage.py``: scores of codes against factors."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import product

import numpy as np
from coverage_case import Case

import latentassay as la
from latentassay.core.estimate import Estimate

TRUE_ROWS, RESAMPLES = 200_000, 20
VALUES = (4, 3, 6)

Codes = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]
QUICK, SLOW = ("mig", "dcimig"), ("sap", "irs", "explicitness")
"""Scores whose truth does not depend on n."""

OF_N = ("modularity", "separation", "linear_probe", "total_correlation")
"""Scores that are defined for n rows, since something is fitted to them: their truth is the mean of many samples."""

VOTED = ("factor_vae", "beta_vae")
"""The same, of which every half trains a classifier on groups of rows."""

FITTED = ("dci",)
"""The same, but for hundreds of trees that are grown for every sample."""

MANY = ", against its value for many rows"
"""What the name of a score ends in whose intervals are compared with ``TRUE_ROWS`` rows instead."""

TRUE_SAMPLES = dict.fromkeys(OF_N, 16)
"""Samples of ``TRUE_ROWS`` rows whose mean is what many rows find: what a unit of noise counts is luck in all rows."""

AVERAGED = {**dict.fromkeys((*OF_N, *VOTED), 400), **dict.fromkeys(FITTED, 200)}
"""Samples whose mean is the truth."""


def draw_factors(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Factors of independent uniform values, and their levels with mean 0 and variance 1."""
    factors = np.stack([rng.integers(0, count, n) for count in VALUES], 1)
    levels = (factors - (np.array(VALUES) - 1) / 2) / np.sqrt((np.square(VALUES) - 1) / 12)
    return factors, levels


def clean_axes(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A unit for each factor with some noise, and two units of noise."""
    factors, levels = draw_factors(n, rng)
    return np.c_[levels + 0.3 * rng.normal(size=levels.shape), rng.normal(size=(n, 2))], factors


def mixed_axes(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Units that mix factors, a second with the first by 20 degrees and a third with both, and noise."""
    factors, levels = draw_factors(n, rng)
    turned = np.array([[0.94, 0.34, 0.2], [-0.34, 0.94, 0.3], [0.0, 0.1, 0.9]])
    return np.c_[levels @ turned + 0.4 * rng.normal(size=levels.shape), rng.normal(size=n)], factors


def noisy_axes(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A noisy unit for each factor, a noisier second for two of them, and one of noise."""
    factors, levels = draw_factors(n, rng)
    first = levels + 0.8 * rng.normal(size=levels.shape)
    second = levels[:, :2] + [1.2, 1.6] * rng.normal(size=(n, 2))
    return np.c_[first, second, rng.normal(size=n)], factors


def clusters(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Units that leave no doubt about their factors, so that edges of bins lie within clusters or between them."""
    factors, _ = draw_factors(n, rng)
    return np.c_[factors + 0.1 * rng.normal(size=factors.shape), rng.normal(size=(n, 2))], factors


def faint_axes(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Units of which noise is most, so that groups of rows are taken for those of another factor."""
    factors, levels = draw_factors(n, rng)
    mixed = levels @ np.array([[1.0, 0.6, 0.0], [-0.6, 1.0, 0.5], [0.0, 0.4, 1.0]])
    return mixed + 2.5 * rng.normal(size=levels.shape), factors


PROCESSES = {
    "clusters": clusters,
    "clean axes": clean_axes,
    "mixed axes": mixed_axes,
    "redundant, noisy axes": noisy_axes,
}
FAINT = {"faint axes": faint_axes}


def draw(codes: Codes, metric: str, n: int, seed: int) -> dict[str, Estimate]:
    panel = la.score(*codes(n, np.random.default_rng(seed)), metrics=(metric,), resamples=RESAMPLES, seed=seed)
    return {score.name: score.estimate for score in panel}


@cache
def truth(codes: Codes, metric: str) -> Mapping[str, float]:
    samples = range(2**31, 2**31 + TRUE_SAMPLES.get(metric, 1))
    found = [la.score(*codes(TRUE_ROWS, np.random.default_rng(seed)), metrics=(metric,)) for seed in samples]
    return {score.name: float(np.mean([panel[score.name].value for panel in found])) for score in found[0]}


def of_many_rows(metric: str) -> str:
    count = TRUE_SAMPLES.get(metric, 1)
    return f"{TRUE_ROWS:,} rows" if count == 1 else f"mean of {count} samples of {TRUE_ROWS:,} rows"


def metric_cases(metrics: tuple[str, ...]) -> Iterator[Case]:
    for metric, (words, codes) in product(metrics, PROCESSES.items()):
        yield Case(
            words,
            partial(draw, codes, metric),
            lambda n, codes=codes, metric=metric: truth(codes, metric),
            against=lambda quantity, metric=metric: of_many_rows(metric),
            metric=metric,
        )


def draw_both(codes: Codes, metric: str, n: int, seed: int) -> dict[str, Estimate]:
    """Estimates for both truths, the mean of samples of n rows and the score of many rows."""
    found = draw(codes, metric, n, seed)
    return found | {name + MANY: estimate for name, estimate in found.items()}


@cache
def truth_of(codes: Codes, metric: str, n: int) -> Mapping[str, float]:
    samples = [codes(n, np.random.default_rng([seed, n])) for seed in range(AVERAGED[metric])]
    found = [la.score(*sample, metrics=(metric,)) for sample in samples]
    means = {score.name: float(np.mean([panel[score.name].value for panel in found])) for score in found[0]}
    return means | {name + MANY: value for name, value in truth(codes, metric).items()}


def of_n_rows(metric: str, quantity: str) -> str:
    return of_many_rows(metric) if quantity.endswith(MANY) else f"mean of {AVERAGED[metric]} samples of n rows"


def metric_cases_of_n(metrics: tuple[str, ...], processes: Mapping[str, Codes] = PROCESSES) -> Iterator[Case]:
    for metric, (words, codes) in product(metrics, processes.items()):
        yield Case(
            words,
            partial(draw_both, codes, metric),
            partial(truth_of, codes, metric),
            against=partial(of_n_rows, metric),
            metric=metric,
        )
