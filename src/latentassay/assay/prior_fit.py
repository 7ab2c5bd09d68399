"""What is said of codes beside a normal prior: units shifted, spread or tailed otherwise, and correlated pairs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.assay.families import FamilyVerdict, add_doubtful, judge_family
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import LISTED, listing
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding
from latentassay.core.levels import worst
from latentassay.evaluation.aggregate import NORMAL

SHIFT = Bounds(0.0, 0.25, 0.5, "of the prior's standard deviation")
"""How far a mean may lie from the prior's."""

SPREAD = Bounds(1.0, 1.25, 2.0, "times the prior's standard deviation, or that part of it")
"""By which factor a standard deviation may be off; up to the first, the input checks call the scale of all fitting."""

HEAVY = Bounds(NORMAL, 0.17, 0.2, "L-kurtosis; a normal distribution has 0.12, a logistic one 0.17, Laplace's 0.24")
"""How heavy tails may be,"""

LIGHT = Bounds(NORMAL, 0.07, -0.03, "L-kurtosis; a normal distribution has 0.12, a uniform one 0")
"""and how light."""

CORRELATION = Bounds(0.0, 0.22, 0.5, "correlation; its square is the share of variance two units have in common")
"""How much two units may know of each other: squared, what is negligible and serious for couplings, too."""

PEAKED, ENDING = "most lie near the middle and some far out", "they end sooner, or lie in two heaps"
"""What heavy and light tails mean."""


@dataclass(frozen=True)
class AggregateEvidence:
    """Samples of every unit beside the prior, all in units of the prior's standard deviation.

    Attributes:
        mean: of every unit, ``(u,)``.
        std: of every unit, ``(u,)``.
        shift: size of the means.
        spread: factors by which standard deviations are off; NaN where a unit does not vary.
        tails: L-kurtosis of every unit; NaN where a unit does not vary.
        pairs: numbers of the units of the most correlated pairs, ``(k, 2)``.
        correlation: of these pairs, ``(k,)``.
        strength: sizes of the correlations.
        pairs_in_all: how many pairs there are.
        quantiles: quantiles of the units that are drawn, those far from the prior first, ``(d, q)``.
        drawn: numbers of these units.
        labels: names of all units.
        n: number of rows.
    """

    mean: Float[np.ndarray, " u"]
    std: Float[np.ndarray, " u"]
    shift: tuple[Estimate, ...]
    spread: tuple[Estimate, ...]
    tails: tuple[Estimate, ...]
    pairs: Int[np.ndarray, "k 2"]
    correlation: Float[np.ndarray, " k"]
    strength: tuple[Estimate, ...]
    pairs_in_all: int
    quantiles: Float[np.ndarray, "d q"]
    drawn: tuple[int, ...]
    labels: tuple[str, ...]
    n: int


def prior_findings(evidence: AggregateEvidence, *, holds_data: bool) -> tuple[Finding, ...]:
    """Say which units depart from the prior, and how; or that all fit.

    Args:
        evidence: samples of every unit beside the prior.
        holds_data: whether some unit varies with the data; if not, posteriors that are the prior are no merit.
    """
    scale = _common_scale(evidence)
    found = [
        _moment_finding(evidence, _MEAN, evidence.mean, evidence.shift),
        _moment_finding(evidence, _STD, evidence.std, evidence.spread) if scale is None else None,
        *_tails_findings(evidence),
        *_correlated_finding(evidence),
    ]
    departing = tuple(finding for finding in found if finding is not None and finding.level != "good")
    if departing:
        return departing
    if scale is not None:
        return (_scaled_finding(scale),)
    return (_good_finding(evidence) if holds_data else _noise_finding(evidence),)


def _common_scale(evidence: AggregateEvidence) -> float | None:
    """By which factor the units that vary are all off alike; ``None`` where they are not, or hardly.

    That one scale is wrong is said by the input checks, with the number to multiply by, and once is enough.
    """
    stds = evidence.std[_known(evidence.spread)]
    if not len(stds):
        return None
    overall = float(np.sqrt(np.mean(stds**2)))
    limit = math.log(SPREAD.negligible)
    alike = bool((np.abs(np.log(stds / overall)) < limit).all())
    return overall if alike and abs(math.log(overall)) > limit else None


def _scaled_finding(scale: float) -> Finding:
    says = f"But for their scale, {scale:.3g} times the prior's in all units alike, codes are distributed as it says."
    return Finding("aggregate", says, "note", ("aggregate.shift", "aggregate.spread", "aggregate.tails"))


def _known(values: Sequence[Estimate]) -> list[int]:
    return [k for k, value in enumerate(values) if np.isfinite(value)]


class _Judged(NamedTuple):
    """Verdict on what varies: who is named and who is in doubt, the worst first, and the worst of all."""

    verdict: FamilyVerdict
    named: list[int]
    doubtful: list[int]
    worst: int


def _judge(values: Sequence[Estimate], bounds: Bounds) -> _Judged | None:
    known = _known(values)
    if not known:
        return None
    verdict, sign = judge_family([values[k] for k in known], bounds), 1 if bounds.direction == "above" else -1
    named = sorted((known[k] for k in verdict.named), key=lambda k: -sign * float(values[k]))
    at_worst = named[0] if named else max(known, key=lambda k: sign * float(values[k]))
    return _Judged(verdict, named, [known[k] for k in verdict.doubtful], at_worst)


class _Words(NamedTuple):
    """What is said if it is so, what was hoped for, and the numbers for either."""

    claim: str
    hope: str
    numbers: str


def _finding(
    key: str, words: _Words, bounds: Bounds, judged: _Judged, names: Callable[[int], str], **said: Any
) -> Finding:
    """Put a finding together: only what accuses has subjects, a remedy and a brief."""
    verdict = judged.verdict
    grave = bool(verdict.named)
    sure = f"{words.claim}: {words.numbers}."
    sentence = f"Whether {words.hope} is not sure: {words.numbers}." if verdict.level == "unsure" else sure
    if not grave:
        said |= {"remedy": None, "brief": None}
    finding = Finding(
        f"aggregate.{key}",
        sentence,
        verdict.level,
        (f"aggregate.{'correlation' if key == 'correlated' else key}",),
        subjects=tuple(map(names, judged.named)),
        estimate=verdict.estimate,
        bounds=bounds,
        settle=how_to_settle(verdict.estimate, bounds),
        **said,
    )
    return add_doubtful(finding, [names(k) for k in judged.doubtful])


def _who(labels: Sequence[str], named: Sequence[int], at_worst: int) -> str:
    """Name the units that are accused, or the one that is worst."""
    if len(named) <= 1:
        return f"unit {labels[at_worst]}"
    shown = [labels[k] for k in named[:LISTED]]
    return f"{len(named)} units ({', '.join(shown)} …)" if len(named) > LISTED else f"units {listing(shown)}"


def _of_whom(evidence: AggregateEvidence, verdict: FamilyVerdict, k: int, what: str) -> str:
    """Name a number and its unit, where the sentence has not named that unit alone."""
    is_named = len(verdict.named) <= 1 and verdict.level != "unsure"
    return f"their {what}" if is_named else f"the {what} of unit {evidence.labels[k]}"


class _Moment(NamedTuple):
    """A mean or a standard deviation, beside the prior's.

    Attributes:
        key: of its finding.
        bounds: of how far it may be off; their null is the prior's own value.
        name: what it is.
        matched: what codes do where it fits.
        number: how its value is written, in the prior's standard deviations.
        remedy: what to do where it does not fit.
        brief: the same in a few words.
    """

    key: str
    bounds: Bounds
    name: str
    matched: str
    number: str
    remedy: str
    brief: str


_MEAN = _Moment(
    key="shift",
    bounds=SHIFT,
    name="mean",
    matched="lie about 0 as the prior does",
    number="{:.2g} of the prior's standard deviations",
    remedy="Add each unit's mean to what is drawn from the prior, or subtract it from the codes.",
    brief="codes are shifted from the prior",
)
_STD = _Moment(
    key="spread",
    bounds=SPREAD,
    name="standard deviation",
    matched="spread as the prior does",
    number="{:.3g} times the prior's",
    remedy="Multiply what is drawn from the prior by each unit's own standard deviation.",
    brief="codes are not on the prior's scale",
)


def _moment_finding(
    evidence: AggregateEvidence, moment: _Moment, values: Float[np.ndarray, " u"], sizes: Sequence[Estimate]
) -> Finding | None:
    """Say which units have another mean, or another standard deviation, than the prior."""
    judged = _judge(sizes, moment.bounds)
    if judged is None:
        return None
    verdict, named, _, k = judged
    words = _Words(
        f"Codes of {_who(evidence.labels, named, k)} do not {moment.matched}",
        f"codes of all units {moment.matched}",
        f"{_of_whom(evidence, verdict, k, moment.name)} is {moment.number.format(values[k])}",
    )
    return _finding(
        moment.key,
        words,
        moment.bounds,
        judged,
        evidence.labels.__getitem__,
        direction="above" if values[k] > moment.bounds.null else "below",
        remedy=moment.remedy,
        brief=moment.brief,
    )


def _tails_findings(evidence: AggregateEvidence) -> list[Finding]:
    """Heavy tails and light ones are different defects: both where both accuse, or else what is graver."""
    both = [_tails_finding(evidence, *kind) for kind in ((HEAVY, "heavier", PEAKED), (LIGHT, "lighter", ENDING))]
    found = [finding for finding in both if finding is not None]
    level = worst([finding.level for finding in found])
    return [one for one in found if one.is_grave] or [one for one in found if one.level == level][:1]


def _tails_finding(evidence: AggregateEvidence, bounds: Bounds, word: str, meaning: str) -> Finding | None:
    judged = _judge(evidence.tails, bounds)
    if judged is None:
        return None
    verdict, named, _, k = judged
    words = _Words(
        f"Codes of {_who(evidence.labels, named, k)} have {word} tails than the normal prior ({meaning})",
        "codes of all units have the tails of the normal prior",
        f"{_of_whom(evidence, verdict, k, 'L-kurtosis')} is {evidence.tails[k]}, a normal distribution's {NORMAL:.2f}",
    )
    return _finding(
        "tails",
        words,
        bounds,
        judged,
        evidence.labels.__getitem__,
        direction=bounds.direction,
        remedy=f"Draw {'this unit' if len(named) == 1 else 'these units'} from codes of data, not from the prior.",
        brief=f"codes of {_who(evidence.labels, named, k)} have {word} tails than the prior",
    )


def pair_name(evidence: AggregateEvidence, k: int) -> str:
    """Name the k-th of the pairs that are most correlated.

    Args:
        evidence: samples of every unit beside the prior.
        k: number of the pair in ``evidence.pairs``.
    """
    return "+".join(evidence.labels[unit] for unit in sorted(evidence.pairs[k].tolist()))


def _correlated_finding(evidence: AggregateEvidence) -> list[Finding]:
    judged = _judge(evidence.strength, CORRELATION)
    if judged is None:
        return []
    named, k = judged.named, judged.worst
    how_many = f"{len(named)} pairs of units are" if len(named) > 1 else "Two units are"
    pair = listing([evidence.labels[unit] for unit in sorted(evidence.pairs[k].tolist())])
    words = _Words(
        f"{how_many} correlated, which those of the prior are not",
        "units are as uncorrelated as those of the prior",
        f"{evidence.correlation[k]:.2f} between {pair}{', the strongest' if len(named) > 1 else ''}",
    )
    finding = _finding(
        "correlated",
        words,
        CORRELATION,
        judged,
        partial(pair_name, evidence),
        direction="above" if evidence.correlation[k] > 0 else "below",
        remedy="Draw these units together, from codes of data or a normal distribution with their covariance.",
        brief="codes are correlated, and the prior is not",
    )
    return [finding]


def _noise_finding(evidence: AggregateEvidence) -> Finding:
    """Posteriors that are the prior fit it, and no merit of the model's follows."""
    says = "Codes are distributed as the prior says, as they hold only its noise: no unit varies with the data."
    return Finding("aggregate", says, "note", ("aggregate.shift", "aggregate.spread", "aggregate.tails"))


def _good_finding(evidence: AggregateEvidence) -> Finding:
    judged = _judge(evidence.spread, SPREAD)
    pairs = f", and no two are correlated by more than {CORRELATION.negligible:g}" if evidence.strength else ""
    return Finding(
        "aggregate",
        f"Codes are distributed as the prior says: means, spreads and tails of all units fit{pairs}.",
        "good",
        ("aggregate.shift", "aggregate.spread", "aggregate.tails") if judged else (),
        estimate=judged.verdict.estimate if judged else None,
        bounds=SPREAD if judged else None,
    )
