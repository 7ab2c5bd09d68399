"""Does a VAE work in the regime where its axes mean something: units that are known well, and units switched off?"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.metrics.arrays import codes_only, reals

ACTIVE, KNOWN, NEGLIGIBLE = 0.5, 0.8, 0.03
"""A unit moves if its mean has a standard deviation above the first (thesis 3.3.2), and is known if the posterior's
variance is below the second on average (4.3.4). ΔKL below the third is what the thesis calls polarized."""

State = Literal["active", "passive", "mixed"]


class PolarizedRegime(NamedTuple):
    """State of d units, and how far the KL term is that of the polarized regime.

    Attributes:
        score: ``ΔKL = |KL − KL≈| / KL``, 0 in the polarized regime; 1 if no unit is active. Its standard error is over
            rows, and its interval does not reach below 0.
        polarized: whether the upper end of the score's interval is below 3 %.
        states: of every unit: "active" moves with the data and is known, "passive" does neither, "mixed" is between.
        std: standard deviation of every unit's posterior mean over rows, ``(d,)``.
        variance: mean variance of every unit's posterior, ``(d,)``: near 0 if it is known, 1 if it is the prior's.
        kl: mean KL of every unit, nats, ``(d,)``.
        n: number of rows.
        variant: cuts in words.
    """

    score: Estimate
    polarized: bool
    states: tuple[State, ...]
    std: Float[np.ndarray, " d"]
    variance: Float[np.ndarray, " d"]
    kl: Float[np.ndarray, " d"]
    n: int
    variant: str

    @property
    def active(self) -> tuple[int, ...]:
        """Numbers of the active units."""
        return tuple(unit for unit, state in enumerate(self.states) if state == "active")


def polarized_regime(mean: Any, std: Any, *, active: float = ACTIVE, known: float = KNOWN) -> PolarizedRegime:
    """Compare the KL term with what is left of it where units are either known well or switched off.

    ``KL = ½ Σ_j E[μ_j² + σ_j² − log σ_j² − 1]`` and ``KL≈ = ½ Σ_{j moving} E[μ_j² − log σ_j² − 1]``, with the units
    whose mean has a standard deviation above ``active``, in nats, both against N(0, I).

    Args:
        mean: ``(n, d)`` array or tensor of posterior means, n at least 2.
        std: ``(n, d)`` standard deviations of the posteriors.
        active: standard deviation of the mean above which a unit moves.
        known: mean variance of the posterior below which a unit is known.

    Raises:
        InputError: another shape, NaN or infinite values, standard deviations that are not positive (a plain
            autoencoder has none), cuts that are not positive, or a KL of 0.

    Source: "VAEs and principal components", definition 1, equations 3.5 and 3.38.

    >>> g = np.random.default_rng(0)
    >>> mean, std = g.normal(size=(500, 2)) * [1, 0.01], np.full((500, 2), [0.05, 0.99])
    >>> found = polarized_regime(mean, std)
    >>> found.states, found.polarized
    (('active', 'passive'), True)
    """
    if not (active > 0 and known > 0):
        raise InputError(f"active and known must be positive, got {active} and {known}")
    mu, sigma = codes_only(mean), _deviations(std)
    if sigma.shape != mu.shape:
        raise InputError(f"std must have the shape of mean, {mu.shape}, got {sigma.shape}")
    moves, variance = mu.std(0), np.square(sigma).mean(0)
    moving = moves > active
    each = 0.5 * (np.square(mu) + np.square(sigma) - 2 * np.log(sigma) - 1)
    apart = each.sum(1) - (each - np.square(sigma) / 2)[:, moving].sum(1)
    score = _ratio(apart, each.sum(1))
    states = tuple(_state(bool(moved), bool(seen)) for moved, seen in zip(moving, variance < known, strict=True))
    return PolarizedRegime(
        score=score,
        polarized=score.high is not None and score.high < NEGLIGIBLE,
        states=states,
        std=moves,
        variance=variance,
        kl=each.mean(0),
        n=len(mu),
        variant=f"a unit moves if its mean's std is above {active:g}, and is known if E[σ²] is below {known:g}",
    )


def polarized_share(history: Sequence[Mapping[str, float]], *, cut: float = NEGLIGIBLE) -> float:
    """Return the share of training during which ``ΔKL = |KL − KL≈| / KL`` stays below ``cut`` to the end.

    Reads the log of a run that ``objectives.BetaVAE`` trained: its columns ``kl`` and ``kl_polarized`` are means over
    the steps between two rows, units counting as moving by the batch at hand.

    Args:
        history: rows of ``Run.history`` with ``step``, ``kl`` and ``kl_polarized``.
        cut: what counts as polarized.

    Raises:
        InputError: no rows, or rows without these columns (another objective, or codes without a diagonal posterior).

    Source: "VAEs and principal components", equation 3.38 and table 3.2.

    >>> rows = [{"step": 50 * k, "kl": 10.0, "kl_polarized": 10.0 if k > 1 else 5.0} for k in range(1, 5)]
    >>> polarized_share(rows)
    0.75
    """
    if not history or not all({"step", "kl", "kl_polarized"} <= set(row) for row in history):
        raise InputError(
            "the log has no columns kl and kl_polarized; train a VAE whose posterior is a diagonal Gaussian over a "
            "vector with objectives.BetaVAE, and give run.history"
        )
    # A KL of 0 is neither: nothing is encoded at all.
    beyond = [row["step"] for row in history if not abs(row["kl"] - row["kl_polarized"]) < cut * row["kl"]]
    return 1 - (beyond[-1] / history[-1]["step"] if beyond else 0.0)


def _deviations(std: Any) -> Float[np.ndarray, "n d"]:
    s = reals(std, "std")
    if not (np.isfinite(s) & (s > 0)).all():
        raise InputError("std must be finite and above 0; a plain autoencoder has no polarized regime")
    return s


def _ratio(apart: Float[np.ndarray, " n"], kl: Float[np.ndarray, " n"]) -> Estimate:
    """|mean(apart)| / mean(kl), with its standard error by linearisation and an interval that ends at 0."""
    if not kl.mean() > 0:
        raise InputError("the KL of all posteriors is 0: nothing is encoded at all")
    signed = apart.mean() / kl.mean()
    score, stderr = float(abs(signed)), float((apart - signed * kl).std(ddof=1) / kl.mean() / len(kl) ** 0.5)
    return Estimate(score, low=max(0.0, score - Z95 * stderr), high=score + Z95 * stderr, stderr=stderr, n=len(kl))


def _state(moves: bool, known: bool) -> State:
    if moves != known:
        return "mixed"
    return "active" if moves else "passive"
