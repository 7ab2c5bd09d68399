"""FactorVAE score (Kim and Mnih 2018, "Disentangling by Factorising")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import check_learnable, codes_and_factors
from latentassay.metrics.disentanglement.splits import deviations, standardise
from latentassay.metrics.draws import draw_rows, share_groups
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import SPLIT, Laws, Near
from latentassay.metrics.metric import metric


@keeps_interval
class FactorVAEScore(NamedTuple):
    """The score and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: share of held-out votes whose factor follows from the unit that voted; chance is 1 / m. With an interval
            from random halves if that is asked for.
        votes: ``(m, u)``, how often unit j stood most still while factor m was held, among the votes learned from.
        alive: ``(u,)``, the units that may vote.
        n: number of rows.
        variant: numbers of votes, group size and pruning in words.
    """

    score: Estimate
    votes: Int[np.ndarray, "m u"]
    alive: Bool[np.ndarray, " u"]
    n: int
    variant: str


FEW = {"votes": 600, "held_out": 600}
"""As many votes as the laws need."""

LAWS = (
    Laws(
        options=FEW,
        perfect=Near(1, 0),
        chance=Near(1 / 3, 0.06),
        shuffled=SPLIT,
        renamed=SPLIT,
        rescaled="units of less than a twentieth of the largest deviation do not vote",
        refuses=("one factor", "rare values"),
    ),
    Laws(
        variant="nobody pruned",
        options=FEW | {"threshold": 0},
        perfect=Near(1, 0),
        chance=Near(1 / 3, 0.06),
        shuffled=SPLIT,
        renamed=SPLIT,
        refuses=("one factor", "rare values"),
    ),
)


@metric(
    label="FactorVAE score",
    formula="how surely the unit that stands still names the factor held",
    source="Kim and Mnih 2018",
    needs="factors",
    variants=({"threshold": 0.0}, {"batch": 16}),
    laws=LAWS,
    order=80,
)
def factor_vae(
    codes: Any,
    factors: Any,
    *,
    votes: int = 10_000,
    held_out: int = 5_000,
    batch: int = 64,
    threshold: float = 0.05,
    resamples: int = 0,
    generator: Generator | int = 0,
) -> FactorVAEScore:
    """Measure how surely the unit that stands still names the factor that is held.

    A vote holds a factor m, each as often: ``batch`` rows G agree on it, and one unit votes for m::

        j = argmin_j Var_G(c_j) / Var(c_j)
        score = share of held-out votes (m, j) with m = argmax_m votes[m,j]

    Units that hardly vary at all never vote, or a single dead unit would win every vote. The usual libraries prune
    below a standard deviation of 0.05, which takes codes to be those of a VAE; here the threshold is a share of the
    largest standard deviation, so that the scale of the codes does not matter. A constant unit is always pruned. If
    every unit is constant, nobody votes and the score is that of a guess, 1 / m.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means.
        factors: ``(n, m)`` integer codes, m at least 2.
        votes: number of votes that the majority is learned from.
        held_out: number of votes that it is tried on.
        batch: rows in each vote.
        threshold: a unit with at most this share of the largest standard deviation never votes; 0 prunes constant
            units only.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the votes and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single factor, a factor that never varies or whose values are too
            rare, numbers of votes or rows that are too small, a threshold outside [0, 1).

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> factor_vae(factors.astype(float), factors, votes=200, held_out=100).score
    1
    """
    c, f = codes_and_factors(codes, factors)
    check_learnable(f)
    _check(f, votes, held_out, batch, threshold)
    seed = as_seed(generator)

    def count(rows: Any) -> tuple[Int[np.ndarray, "m u"], Int[np.ndarray, "m u"]]:
        rng, seen = np.random.default_rng(seed), c[rows]
        mask = _alive(seen, threshold)
        return _votes(seen, f[rows], mask, votes, batch, rng), _votes(seen, f[rows], mask, held_out, batch, rng)

    # Among few rows that share a value the same unit wins vote after vote, by luck that somewhat more do not lessen.
    alike = float(np.mean([len(c) / len(np.unique(column)) for column in f.T]))
    lucky = batch / (batch + alike)
    (learned, _), (score,) = measure_halves(
        count,
        lambda counts: (score_of_votes(*counts),),
        len(c),
        resamples=resamples,
        seed=seed,
        unsettled=lambda counts: (lucky * score_of_votes(*counts),),
    )
    variant = (
        f"{votes} votes to learn from and {held_out} held out, each of {batch} rows drawn from {len(c)} encoded ones, "
        f"factors alike; units of at most {threshold:g} of the largest standard deviation never vote"
    )
    return FactorVAEScore(score, learned, _alive(c, threshold), len(c), variant)


def score_of_votes(learned: Int[np.ndarray, "m u"], tried: Int[np.ndarray, "m u"]) -> float:
    """Return the share of ``tried`` votes whose factor is the one that their unit voted for most in ``learned``.

    1 / m where nobody voted.

    >>> score_of_votes(np.array([[9, 1], [1, 9]]), np.array([[5, 0], [0, 3]]))
    1.0
    """
    if not tried.any():
        return 1 / len(tried)
    return float(tried[learned.argmax(0), np.arange(tried.shape[1])].sum() / tried.sum())


def _check(factors: Int[np.ndarray, "n m"], votes: int, held_out: int, batch: int, threshold: float) -> None:
    if factors.shape[1] < 2:
        raise InputError("the FactorVAE score needs at least 2 factors to choose from, got 1")
    if min(votes, held_out) < factors.shape[1] or batch < 2:
        raise InputError(
            f"votes and held_out must be at least {factors.shape[1]}, one for each factor, and batch at least 2, "
            f"got {votes}, {held_out} and {batch}"
        )
    if not 0 <= threshold < 1:
        raise InputError(f"threshold must be a share of the largest standard deviation in [0, 1), got {threshold}")


def _alive(codes: Float[np.ndarray, "n u"], threshold: float) -> Bool[np.ndarray, " u"]:
    """Units that vary, and more than ``threshold`` of the one that varies most."""
    deviation = deviations(codes)
    alive: Bool[np.ndarray, " u"] = deviation > threshold * deviation.max()
    return alive


def _votes(
    codes: Float[np.ndarray, "n u"],
    factors: Int[np.ndarray, "n m"],
    alive: Bool[np.ndarray, " u"],
    groups: int,
    batch: int,
    rng: np.random.Generator,
) -> Int[np.ndarray, "m u"]:
    """How often every unit wins while every factor is held."""
    counts = np.zeros((factors.shape[1], codes.shape[1]), dtype=np.int64)
    voters = np.flatnonzero(alive)
    columns = np.ascontiguousarray(standardise(codes[:, voters]).T)
    for factor, many in share_groups(len(counts), groups, batch) if len(voters) else ():
        rows = draw_rows(factors, factor, many, batch, rng)
        # Unit by unit: one unit's codes stay in the fast memory, and no group is ever gathered whole.
        left = np.stack([column[rows].var(1) for column in columns], 1)
        counts[factor] += np.bincount(voters[left.argmin(1)], minlength=counts.shape[1])
    return counts
