"""Modularity (Ridgeway and Mozer 2018, "Learning Deep Disentangled Embeddings with the F-Statistic Loss")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import codes_and_factors
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import EDGES, Laws, Near
from latentassay.metrics.metric import metric
from latentassay.stats.information import Binning, bin_codes, describe_bins, information_matrix

ROUNDING = 1e-12
"""Less information than this, in nats, is none."""

SHUFFLES, DEVIATIONS = 20, 5
"""Noise is known from so many shuffles of the rows; information must exceed it by so many standard deviations."""

NOISE = {
    "kept": "noise kept, mean over all units",
    "removed": f"mean of {SHUFFLES} shuffles subtracted, information within {DEVIATIONS} standard deviations of them "
    "taken as none, mean over units that inform",
}


@keeps_interval
class Modularity(NamedTuple):
    """Modularity and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean of ``per_unit``: over all units, or over those that inform if noise is removed; with an interval
            from random halves if that is asked for.
        per_unit: ``(u,)``, 1 for a unit that informs of one factor alone; 0 for a unit that informs of none.
        information: ``(m, u)``, mutual information in nats, less what noise gives if that is removed.
        informs: ``(u,)``, whether a unit has any of it.
        n: number of rows.
        variant: bins and treatment of noise in words.
    """

    score: Estimate
    per_unit: Float[np.ndarray, " u"]
    information: Float[np.ndarray, "m u"]
    informs: Bool[np.ndarray, " u"]
    n: int
    variant: str


def _diluted(score: float, units: int) -> float:
    """Three dead units more count 0."""
    return score * units / (units + 3)


LAWS = Laws(
    perfect=Near(1, 1e-9),
    # Noise does not score 0: what little it seems to know falls to factors of many values.
    chance=Near(0.6, 0.15),
    negated=EDGES,
    buried=_diluted,
    refuses=("one factor",),
)


@metric(
    label="Modularity",
    formula="1 − squared information on all factors but the best, beside the best",
    source="Ridgeway and Mozer 2018",
    needs="factors",
    variants=({"binning": "width"}, {"noise": "removed"}),
    laws=LAWS,
    order=60,
)
def modularity(
    codes: Any,
    factors: Any,
    *,
    bins: int = 20,
    binning: Binning = "quantile",
    noise: str = "kept",
    resamples: int = 0,
    generator: Generator | int = 0,
) -> Modularity:
    """Measure whether each unit informs of one factor only.

    With ``I[m,j]`` the mutual information of factor m and unit j, and f the factor of which j informs most::

        score = mean_j (1 − Σ_{m≠f} I[m,j]² / (I[f,j]² (M − 1)))     M factors; a unit of no information counts 0

    Information found in finite rows is never quite 0, and more of it falls to factors of many values. **So a unit
    of pure noise does not count 0 but anything**: 0.69 on average for factors of 10, 10, 10, 8, 4 and 15
    values. Where units may be noise (a VAE has pruned some), take ``noise="removed"``, which leaves them out. With such
    units and the noise kept the score has no value that more rows come near, so an interval says how much it varies,
    and not where it would end.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means.
        factors: ``(n, m)`` integer codes, m at least 2.
        bins: number of bins of every code.
        binning: ``"quantile"`` (equal counts) or ``"width"`` (equal width, the literature's way).
        noise: ``"kept"`` as published, or ``"removed"``: information is compared with that of shuffled rows.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the shuffles and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single factor, a factor that never varies, bins below 2, an unknown
            treatment of noise.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> modularity(factors.astype(float), factors).score
    1
    """
    if noise not in NOISE:
        raise InputError(f"noise must be one of {', '.join(NOISE)}, got {noise!r}")
    c, f = codes_and_factors(codes, factors)
    if f.shape[1] < 2:
        raise InputError("modularity needs at least 2 factors, got 1; with one, no unit can mix factors")
    numbered, seed = bin_codes(c, bins, binning), as_seed(generator)

    def score_of(information: Float[np.ndarray, "m u"]) -> tuple[float]:
        counted = information.shape[1] if noise == "kept" else max(1, int(_informs(information).sum()))
        return (float(modularity_of(information).sum()) / counted,)  # units that do not inform add 0

    # What a unit of noise counts depends on ratios of noise, which vary as much in many rows as in few.
    idle = ~_informs(_information(numbered, f, "removed", seed)) if resamples and noise == "kept" else None

    information, (score,) = measure_halves(
        lambda rows: _information(numbered[rows], f[rows], noise, seed),
        score_of,
        len(c),
        resamples=resamples,
        seed=seed,
        unsettled=None if idle is None else lambda part: (float(modularity_of(part)[idle].sum()) / len(idle),),
    )
    return Modularity(
        score=score,
        per_unit=modularity_of(information),
        information=information,
        informs=_informs(information),
        n=len(c),
        variant=f"{describe_bins(bins, binning)}, {NOISE[noise]}",
    )


def modularity_of(information: Float[np.ndarray, "m u"]) -> Float[np.ndarray, " u"]:
    """Return the modularity of every unit from its information about m factors, m at least 2.

    >>> modularity_of(np.array([[0.0, 2.0, 1.0], [0.0, 0.0, 1.0]])).tolist()
    [0.0, 1.0, 0.0]
    """
    best = information.max(0)
    shares = information / np.where(best > 0, best, 1)
    return np.where(best > 0, 1 - (np.square(shares).sum(0) - 1) / (len(information) - 1), 0.0)


def _informs(information: Float[np.ndarray, "m u"]) -> Bool[np.ndarray, " u"]:
    return np.asarray((information > 0).any(0))


def _information(
    numbered: Int[np.ndarray, "n u"], factors: Int[np.ndarray, "n m"], noise: str, seed: int
) -> Float[np.ndarray, "m u"]:
    found = information_matrix(numbered, factors)
    if noise == "kept":
        return np.where(found > ROUNDING, found, 0.0)
    rng = np.random.default_rng(seed)
    chance = np.stack([information_matrix(numbered, rng.permutation(factors)) for _ in range(SHUFFLES)])
    excess = found - chance.mean(0)
    return np.where(excess > np.maximum(DEVIATIONS * chance.std(0, ddof=1), ROUNDING), excess, 0.0)
