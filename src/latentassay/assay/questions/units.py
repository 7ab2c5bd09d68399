"""Which units are alive?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.core.posteriors import DiagonalGaussian

VARYING = 0.01
"""Variance of posterior means above which a unit counts as active (Burda et al. 2016)."""

GOOD, FAIR = 0.85, 0.65
"""Response strengths from which the coders agree, and from which they disagree without a warning."""


@dataclass(frozen=True)
class UnitsEvidence:
    """What the encoder sends and what comes back, unit by unit.

    Attributes:
        response: normalized response of every unit to an intervention on itself, ``(u,)``.
        response_stderr: its standard error.
        mean_std: standard deviation of posterior means over the data, ``(u,)``.
        posterior_std: root mean squared deviation of the posterior, ``(u,)``.
        kl: mean KL divergence from the prior in nats, ``(u,)``; ``None`` without a prior.
        alive: units whose response reaches ``threshold``, ``(u,)``.
        responding: units to which more than a faint response comes back, ``(u,)``.
        labels: name of every unit.
        threshold: response from which a unit is alive.
        dimension: how many are; the interval counts those that are beyond doubt, and that may be.
        strength: mean response of units that are alive; ``None`` where none is.
    """

    response: Float[np.ndarray, " u"]
    response_stderr: Float[np.ndarray, " u"]
    mean_std: Float[np.ndarray, " u"]
    posterior_std: Float[np.ndarray, " u"]
    kl: Float[np.ndarray, " u"] | None
    alive: Bool[np.ndarray, " u"]
    responding: Bool[np.ndarray, " u"]
    labels: tuple[str, ...]
    threshold: float
    dimension: Estimate
    strength: Estimate | None


def measure(context: Context) -> UnitsEvidence:
    """Read the response matrix and the codes; nothing is asked of the model."""
    causal, matrix = context.causal, context.matrix
    spread = matrix.units.total(context.codes.mean.double().var(0, keepdim=True))[0]
    kl = None
    if context.model.prior and bool((context.codes.std > 0).all()):
        marginals = DiagonalGaussian(context.codes.mean, context.codes.std)
        kl = matrix.units.total(marginals.kl_per_latent()).mean(0).numpy()
    return UnitsEvidence(
        response=context.strength.numpy(),
        response_stderr=matrix.normalized_stderr.diagonal().numpy(),
        mean_std=spread.sqrt().numpy(),
        posterior_std=matrix.units.squared_norm(context.codes.std).mean(0).sqrt().numpy(),
        kl=kl,
        alive=np.array(causal.mask, dtype=bool),
        responding=context.responding.numpy(),
        labels=tuple(context.labels),
        threshold=causal.threshold,
        dimension=causal.dimension,
        strength=_strength(context) if causal.dimension else None,
    )


def _strength(context: Context) -> Estimate:
    active = list(context.causal.active)
    stderr = context.matrix.normalized_stderr.diagonal()[active].square().sum().sqrt()
    return Estimate(float(context.strength[active].mean()), stderr=float(stderr) / len(active), n=context.n)


def judge(evidence: UnitsEvidence, context: Context) -> Judgement:
    """Count the units that are alive, and say what to do with the others."""
    alive = Score(
        "units.alive",
        "Alive (causal) units",
        int(evidence.dimension),
        f"units whose normalized diagonal response is at least {evidence.threshold:.3f} (LR 4.1: M_jj ≥ 0.5 at σ = 1); "
        "the interval counts units that are alive beyond doubt, and that may be",
        n=context.n,
        seed=context.seed,
        low=int(evidence.dimension.low or 0),
        high=int(evidence.dimension.high or 0),
    )
    varying = Score(
        "units.varying",
        "Units whose mean varies",
        int((evidence.mean_std**2 > VARYING).sum()),
        f"units with Var E[z|x] > {VARYING} (active units of Burda et al. 2016); says what the encoder sends, "
        "not what the decoder uses",
        n=context.n,
        seed=context.seed,
    )
    if evidence.strength is None:
        return Judgement((alive, varying), (_alive_finding(evidence),))
    strength = Score.of(
        "units.strength",
        "Response strength of alive units",
        evidence.strength,
        "mean over alive units of M_jj / (√2 σ_j): 1 if the encoder reads back exactly what the decoder was given",
        n=context.n,
        seed=context.seed,
    )
    return Judgement((alive, varying, strength), (_alive_finding(evidence), _strength_finding(strength)))


def _alive_finding(evidence: UnitsEvidence) -> Finding:
    count, total = int(evidence.dimension), len(evidence.labels)
    low, high = int(evidence.dimension.low or 0), int(evidence.dimension.high or 0)
    doubt = f" ({low} beyond doubt, at most {high})" if low < high else ""
    brief = f"{count or 'none'} of {total} units {'is' if count < 2 else 'are'} alive"
    sentence = f"{brief[0].upper()}{brief[1:]}{doubt}; that is the intrinsic dimension."
    level: Level = "note"
    if count == 0:
        level, remedy = "problem", "Lower β or warm it up from 0, and check the encoder."
        sentence = f"None of {total} units is alive: the decoder ignores the latent (posterior collapse)."
    elif count == total:
        remedy = "No unit is idle; more units may help reconstruction."
    else:
        faint = [evidence.labels[j] for j in np.flatnonzero(~evidence.alive & evidence.responding)]
        dead = [evidence.labels[j] for j in np.flatnonzero(~evidence.alive & ~evidence.responding)]
        remedy = _idle(faint, dead)
    return Finding("units.alive", sentence, level, ("units.alive",), remedy=remedy, brief=brief)


def _idle(faint: list[str], dead: list[str]) -> str:
    """Say what to do about units that are not alive.

    >>> _idle(["3"], [])
    'Faint: 3. A change of them comes back in part, so they are used: do not drop them, do not trust them alone.'
    """
    advice = []
    if dead:
        advice.append(f"Dead: {', '.join(dead)}. They can be dropped or ignored; lower β if you want them used.")
    if faint:
        what = "A change of them comes back in part, so they are used: do not drop them, do not trust them alone."
        advice.append(f"Faint: {', '.join(faint)}. {what}")
    return " ".join(advice)


def _strength_finding(strength: Score) -> Finding:
    level: Level = "good" if strength.value >= GOOD else "note" if strength.value >= FAIR else "warning"
    sentence = f"A change of an alive unit comes back at {strength} of its size."
    remedy = None if level == "good" else "The coders disagree off the data; consistency training brings them together."
    return Finding("units.strength", sentence, level, (strength.name,), remedy=remedy)


def figures(evidence: UnitsEvidence) -> Iterator[Picture]:
    """Yield responses and spreads of every unit as bars."""
    yield Picture(
        "bars",
        "How alive each unit is",
        "Top: the response of a unit to an intervention on itself; 1 means that the change comes back whole, "
        "bars end in 95 % intervals. Below: a unit that says something has posterior means that spread and "
        "posteriors that are narrow; a unit that says nothing has it the other way round.",
        partial(
            plots.unit_bars,
            evidence.response,
            evidence.response_stderr,
            evidence.alive.tolist(),
            evidence.threshold,
            mean_std=evidence.mean_std,
            posterior_std=evidence.posterior_std,
            labels=evidence.labels,
            kl=evidence.kl,
        ),
    )


QUESTION = Question(
    key="units",
    title="Units",
    text="Which units are alive?",
    evidence=UnitsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
)
