"""Which units are alive, and what is wrong with the others?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.ledger import LIVE, RETURNS, WHOLE, Ledger
from latentassay.assay.principal import MOST
from latentassay.assay.question import Judgement, Question
from latentassay.assay.states import state_findings
from latentassay.assay.strength import strength_finding, strength_of, strength_score
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.responses.matrix import CAUSAL

VARYING = 0.01
"""Variance of posterior means above which a unit counts as active (Burda et al. 2016)."""

MOST_ROWS = 48
"""Units of which a table can be read."""


@dataclass(frozen=True)
class UnitsEvidence:
    """What the encoder sends, what the decoder uses and what comes back, unit by unit: the ledger as arrays.

    Attributes:
        response: normalized response of every unit to an intervention on itself, ``(u,)``.
        response_stderr: its standard error.
        expected: response that the width of the posterior allows, ``(u,)``.
        effect: share of the variance of the decodings that exchanging it moves, ``(u,)``.
        effect_stderr: its standard error.
        mean_std: standard deviation of posterior means over the data, ``(u,)``.
        posterior_std: root mean squared deviation of the posterior, ``(u,)``.
        kl: mean KL divergence from the prior in nats, ``(u,)``; ``None`` without a prior.
        states: state of every unit.
        labels: name of every unit.
        threshold: response from which a unit is alive.
        dimension: how many units answer; the interval counts those that do beyond doubt, and that may.
        variables: how many variables they form.
        strength: mean response of units that are alive alone; ``None`` where none is.
    """

    response: Float[np.ndarray, " u"]
    response_stderr: Float[np.ndarray, " u"]
    expected: Float[np.ndarray, " u"]
    effect: Float[np.ndarray, " u"]
    effect_stderr: Float[np.ndarray, " u"]
    mean_std: Float[np.ndarray, " u"]
    posterior_std: Float[np.ndarray, " u"]
    kl: Float[np.ndarray, " u"] | None
    states: tuple[str, ...]
    labels: tuple[str, ...]
    threshold: float
    dimension: Estimate
    variables: int
    strength: Estimate | None


def measure(context: Context) -> UnitsEvidence:
    """Read the ledger; nothing is asked of the model."""
    ledger, entries = context.ledger, context.ledger.entries
    kl = None if entries[0].kl is None else np.array([entry.kl for entry in entries])
    live = len(ledger.live)
    return UnitsEvidence(
        response=np.array([float(entry.response) for entry in entries]),
        response_stderr=np.array([entry.response.stderr or 0.0 for entry in entries]),
        expected=np.array([entry.signal for entry in entries]),
        effect=np.array([float(entry.effect) for entry in entries]),
        effect_stderr=np.array([entry.effect.stderr or 0.0 for entry in entries]),
        mean_std=np.array([entry.spread for entry in entries]),
        posterior_std=np.array([entry.noise for entry in entries]),
        kl=kl,
        states=tuple(entry.state for entry in entries),
        labels=tuple(context.ledger.labels()),
        threshold=CAUSAL,
        dimension=Estimate(
            live,
            low=sum(entries[unit].certain for unit in ledger.live),
            high=live + sum(not entry.certain for unit, entry in enumerate(entries) if unit not in ledger.live),
            n=max(context.matrix.used),
        ),
        variables=_variables(ledger, directly=_are_comparable(ledger, context)),
        strength=strength_of(ledger),
    )


def _are_comparable(ledger: Ledger, context: Context) -> bool:
    """Whether principal directions, which are of all latents, count what these units hold: single latents, and all."""
    return context.matrix.units.are_scalars and len(ledger.entries) == len(context.units)


def _variables(ledger: Ledger, *, directly: bool) -> int:
    """How many variables live and redundant units hold; of redundant ones, as many as principal directions answer.

    Units of many latents, such as channels, are counted themselves: there are more directions in each. Where units
    hold the same in turn, none the same as another, see ``_shared_variables``.
    """
    redundant = set(ledger.of("redundant"))
    shared = _shared_variables(ledger) if directly else None
    if shared is not None:
        counted = int(ledger.directions) if ledger.directions is not None else MOST
        return counted if counted < MOST else shared
    others = sum(not set(group) <= redundant for group in ledger.variables)
    if not redundant:
        return others
    if not directly:
        return others + len(redundant)
    if ledger.directions is None:
        return others + 1
    # All of them are known where fewer answer than were asked: units that share what they hold can be more.
    return int(ledger.directions) if ledger.directions < MOST else max(others, MOST)


def _shared_variables(ledger: Ledger) -> int | None:
    """How many variables units hold that come back in part alone and whole together; ``None`` where most do not.

    What comes back then is a projection of what was changed. Its trace, the sum of what comes back of each unit, is the
    number of dimensions that it leaves, however many units these are spread over.
    """
    shares = [
        min(1.0, float(entry.response) / entry.returns)
        for entry in ledger.entries
        if entry.state in (*LIVE, "redundant") and entry.returns is not None and entry.returns > RETURNS
    ]
    live = len(ledger.of(*LIVE, "redundant"))
    if 2 * sum(share <= WHOLE for share in shares) <= live:
        return None
    return round(sum(shares) + live - len(shares))


def judge(evidence: UnitsEvidence, context: Context) -> Judgement:
    """Count the units that are alive, say what is wrong with the others, and how strongly changes come back."""
    ledger = context.ledger
    scores = [_alive_score(evidence, context), _variables_score(evidence, context), _varying_score(evidence, context)]
    if len(ledger.of("dead", "collapsed", "encoder-blind")) == len(ledger.entries):
        return Judgement(tuple(scores), (_collapse_finding(ledger, context),))
    beta = context.has_prior and context.is_trainable
    findings = [_alive_finding(evidence, ledger, context), *state_findings(ledger, beta=beta)]
    if evidence.strength is not None:
        scores.append(strength_score(evidence.strength, context))
        findings.append(strength_finding(ledger, scores[-1], context))
    return Judgement(tuple(scores), tuple(findings))


def _alive_score(evidence: UnitsEvidence, context: Context) -> Score:
    return Score(
        "units.alive",
        "Alive (causal) units",
        int(evidence.dimension),
        f"units that the encoder varies, the decoder uses, and whose normalized diagonal response is at least "
        f"{evidence.threshold:.3f} (LR 4.1: M_jj ≥ 0.5 at σ = 1); the interval counts units that are so beyond doubt, "
        "and that may be",
        n=context.n,
        seed=context.seed,
        low=int(evidence.dimension.low or 0),
        high=int(evidence.dimension.high or 0),
    )


def _variables_score(evidence: UnitsEvidence, context: Context) -> Score:
    return Score(
        "units.variables",
        "Variables",
        evidence.variables,
        "groups of units that repeat each other or move each other strongly, single units among them; where units are "
        "redundant, principal directions that answer: the intrinsic dimension counts these, not units",
        n=context.n,
        seed=context.seed,
    )


def _varying_score(evidence: UnitsEvidence, context: Context) -> Score:
    return Score(
        "units.varying",
        "Units whose mean varies",
        int((evidence.mean_std**2 > VARYING).sum()),
        f"units with Var E[z|x] > {VARYING} (active units of Burda et al. 2016); says what the encoder sends, "
        "not what the decoder uses",
        n=context.n,
        seed=context.seed,
    )


def _alive_finding(evidence: UnitsEvidence, ledger: Ledger, context: Context) -> Finding:
    count, total = int(evidence.dimension), len(evidence.labels)
    low, high = int(evidence.dimension.low or 0), int(evidence.dimension.high or 0)
    doubt = f" ({f'{low} beyond doubt, ' if count else ''}at most {high})" if low < high else ""
    units = f"unit{'' if total == 1 else 's'}"
    if total < len(context.units):
        units += f" that were drawn from {len(context.units)} for want of time or memory"
    brief = f"none of {total} {units} answers when changed alone"
    if count:
        brief = f"{count} of {total} {units} {'is' if count == 1 else 'are'} alive"
    sentence, redundant = f"{brief[0].upper()}{brief[1:]}{doubt}", len(ledger.of("redundant"))
    if redundant and count:
        together = f", and {redundant} {'comes' if redundant == 1 else 'come'} back only together with others"
        sentence, brief = f"{sentence}{together}", f"{brief}{together}"
    if evidence.variables not in (0, count) and (not redundant or _are_comparable(ledger, context)):
        sentence += f"; {'they hold' if count > 1 else 'all together hold'} {_variables_words(evidence, ledger)}"
    return Finding(
        "units.alive",
        f"{sentence}.",
        "note",
        ("units.alive", "units.variables"),
        subjects=tuple(ledger.labels(ledger.live)),
        estimate=evidence.dimension,
        remedy=_more_time(total, context),
        brief=brief,
    )


def _more_time(asked: int, context: Context) -> str | None:
    """What it takes to ask about all units, where only some were."""
    if asked == len(context.units):
        return None
    times = len(context.units) / asked
    return (
        f"Give it about {times:.2g} × the time (budget=, or --budget) for all of them, or name the units that matter "
        "(units=)."
    )


def _variables_words(evidence: UnitsEvidence, ledger: Ledger) -> str:
    count, about = evidence.variables, ""
    if ledger.directions is None or int(ledger.directions) == MOST:
        about = "about " if _shared_variables(ledger) == count else "at least " if ledger.directions is not None else ""
    return f"{about}{count} variable{'' if count == 1 else 's'}"


def _collapse_finding(ledger: Ledger, context: Context) -> Finding:
    """No unit carries anything from the encoder to the decoder; say which of the two is to blame."""
    total, blind = len(ledger.entries), ledger.of("encoder-blind")
    beta = context.has_prior and context.is_trainable
    if blind:
        key, cause = (
            "units.encoder_blind",
            "the encoder gives the same code to all data, though the decoder paints with it",
        )
        remedy = f"See whether the data reach the encoder{', and lower β or warm it up from 0' if beta else ''}."
    else:
        noise_alone = len(ledger.of("collapsed")) == total
        key = "units.collapsed" if noise_alone else "units.dead"
        cause = "the decoder ignores the latent"
        if noise_alone:
            cause = "the encoder sends noise alone, and the decoder hardly moves with it"
        cause += " (posterior collapse)" if context.has_prior else ""
        remedy = "See whether the latent reaches the decoder"
        remedy += (
            ", and lower β or warm it up from 0." if beta else ", and whether its weights were trained and loaded."
        )
    return Finding(
        key,
        f"No unit of {total} is alive: {cause}.",
        "problem",
        ("units.alive",),
        subjects=tuple(ledger.labels(blind or range(total))),
        remedy=remedy,
        brief=cause,
    )


def figures(evidence: UnitsEvidence) -> Iterator[Picture]:
    """Yield the ledger as a table, and responses and spreads of every unit as bars."""
    shown = np.argsort(-evidence.response, kind="stable")[:MOST_ROWS]
    shown.sort()
    yield Picture(
        "ledger",
        "The ledger of units",
        "All that is said of a unit follows from its row. First: share of the variance of its code that is that of the "
        "data, the rest being the posterior's noise. Second: share of the variance of the output that exchanging it "
        "between samples moves. Third: share of a change of it, root mean squared, that comes back after decoding and "
        "encoding again. Last: its state." + _not_shown(len(evidence.labels)),
        partial(
            plots.unit_ledger,
            evidence.expected[shown],
            evidence.effect[shown],
            evidence.response[shown],
            [evidence.states[unit] for unit in shown],
            [evidence.labels[unit] for unit in shown],
        ),
    )
    yield Picture(
        "bars",
        "What is known of each unit",
        "Top: the response of a unit to an intervention on itself; 1 means that the change comes back whole, bars end "
        "in 95 % intervals, and a mark shows what the width of the posterior lets come back at best. Below: one that "
        "says something has posterior means that spread and posteriors that are narrow; a unit that says nothing has "
        "it the other way round.",
        partial(
            plots.unit_bars,
            evidence.response,
            evidence.response_stderr,
            [state in LIVE for state in evidence.states],
            evidence.threshold,
            mean_std=evidence.mean_std,
            posterior_std=evidence.posterior_std,
            labels=evidence.labels,
            kl=evidence.kl,
            expected=evidence.expected,
        ),
    )


def _not_shown(units: int) -> str:
    return f" The {MOST_ROWS} of {units} units that respond most are shown." if units > MOST_ROWS else ""


QUESTION = Question(
    key="units",
    title="Units",
    text="Which units are alive, and what is wrong with the others?",
    evidence=UnitsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
)
