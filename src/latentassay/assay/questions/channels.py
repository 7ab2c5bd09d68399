"""Which channels of a spatial latent repeat one another, in their codes or in what they do to the picture?

What is wrong with single channels, and which of them move others, the ledger knows; here it is said in one place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import judge_family
from latentassay.assay.ledger import COUPLING, Ledger, State
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import LISTED, listing
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import Bounds, Level, worst
from latentassay.core.units import Units
from latentassay.spatial import channel_correlations, channel_effects, twins
from latentassay.spatial.channels import TWINS
from latentassay.stats.extremes import largest

LIKE = Bounds(
    null=0.0,
    negligible=TWINS,
    serious=2.0,
    reason="correlation of codes or cosine of effects, of either sign: from 0.98 on one of two channels is enough; "
    "that is said of units, so nothing is serious here",
)
"""How alike two channels may be."""

SAID: dict[State, str] = {
    "dead": "dead",
    "collapsed": "collapsed",
    "encoder-blind": "painted, but not written by the encoder",
    "redundant": "redundant",
}
"""States that a good word on channels excludes, beside twins, in words."""

LEAST = 8
"""Rows on which effects are compared, at least."""

MOST = 128
"""And at most."""

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ChannelsEvidence:
    """How channels relate to each other.

    Attributes:
        correlations: of codes over places and data, ``(c, c)``.
        correlations_stderr: their standard errors.
        effects: cosine between what the same change of two channels does to the picture, ``(c, c)``.
        effects_stderr: their standard errors.
        effect_size: how much a change of a channel changes the picture, ``(c,)``.
        alike: pairs whose codes or effects are the same beyond doubt.
        correlations_variant: how correlations were measured.
        effects_variant: how effects were measured.
        n: number of rows on which effects were compared.
    """

    correlations: Float[np.ndarray, "c c"]
    correlations_stderr: Float[np.ndarray, "c c"]
    effects: Float[np.ndarray, "c c"]
    effects_stderr: Float[np.ndarray, "c c"]
    effect_size: Float[np.ndarray, " c"]
    alike: Pairs
    correlations_variant: str
    effects_variant: str
    n: int


def passes_needed(context: Context) -> int | None:
    """Effects of every channel on the fewest rows; vectors have no channels, and one has none to be compared with."""
    return LEAST * _per_row(context) if context.is_spatial and context.model.latent_shape[0] > 1 else None


def _per_row(context: Context) -> int:
    """Decodings of a row, as it is and with every channel changed; decoding alone is half a pass."""
    return int(context.model.latent_shape[0]) // 2 + 1


def measure(context: Context) -> ChannelsEvidence:
    """Compare what channels say and do."""
    codes = channel_correlations(context.codes.mean)
    z = context.sample(context.rows_at(_per_row(context), least=LEAST, most=context.at_most(MOST)), "effect rows")
    effects = channel_effects(context.model, z, generator=context.generator("effects"), batch_size=context.batch_size)
    alike = {*twins(codes.matrix, codes.matrix_stderr), *twins(effects.cosine, effects.cosine_stderr)}
    return ChannelsEvidence(
        correlations=codes.matrix.numpy(),
        correlations_stderr=codes.matrix_stderr.numpy(),
        effects=effects.cosine.numpy(),
        effects_stderr=effects.cosine_stderr.numpy(),
        effect_size=effects.size.numpy(),
        alike=tuple(sorted(alike)),
        correlations_variant=codes.variant,
        effects_variant=effects.variant,
        n=effects.n,
    )


def judge(evidence: ChannelsEvidence, context: Context) -> Judgement:
    """Say how alike channels are at most, and point to what is said of them among the units."""
    codes = _sizes(evidence.correlations, evidence.correlations_stderr, context.n)
    effects = _sizes(evidence.effects, evidence.effects_stderr, evidence.n)
    most = "greatest size over pairs of channels, whose interval knows that it was chosen: "
    scores = (
        Score(
            "spatial.twins",
            "Pairs of channels that repeat each other",
            len(evidence.alike),
            f"of {len(codes)}: correlation of codes ({evidence.correlations_variant}) or cosine of effects "
            f"({evidence.effects_variant}) of size {TWINS:g} or more beyond doubt",
            n=context.n,
            seed=context.seed,
        ),
        Score.of(
            "spatial.correlation",
            "Most alike codes of two channels",
            largest(codes),
            f"{most}{evidence.correlations_variant}",
            n=context.n,
            seed=context.seed,
        ),
        Score.of(
            "spatial.effects",
            "Most alike effects of two channels",
            largest(effects),
            f"{most}{evidence.effects_variant}",
            n=evidence.n,
            seed=context.seed,
        ),
    )
    return Judgement(scores, (_finding(evidence, [*codes, *effects], context),))


def _sizes(values: np.ndarray, stderr: np.ndarray, n: int) -> list[Estimate]:
    """Size of every entry above the diagonal."""
    above = np.triu_indices(len(values), 1)
    return [Estimate(size, stderr=error, n=n) for size, error in zip(np.abs(values[above]), stderr[above], strict=True)]


def _finding(evidence: ChannelsEvidence, likeness: list[Estimate], context: Context) -> Finding:
    names = [f"c{channel}" for channel in range(len(evidence.effect_size))]
    ledger = context.ledger if context.matrix.units == Units.channels(context.model.latent_shape) else None
    subjects, clauses = _describe(ledger) if ledger else ([], [])
    known = set(subjects)
    alike = [(j, k) for j, k in evidence.alike if not {f"{names[j]}+{names[k]}", names[j], names[k]} & known]
    subjects += [f"{names[j]}+{names[k]}" for j, k in alike]
    clauses += _clause([_say_alike(evidence, names, j, k) for j, k in alike])
    if clauses:
        sentence = f"Of {len(names)} channels, {'; '.join(clauses)}: see what is said of units and their graph."
        return Finding("spatial.channels", sentence, "note", ("spatial.twins",), subjects=tuple(subjects))
    return _clear_finding(likeness, ledger, len(names))


def _describe(ledger: Ledger) -> tuple[list[str], list[str]]:
    """Whom the ledger says something of that a good word on channels excludes, and what, in clauses."""
    subjects, clauses = [], []
    for state, words in SAID.items():
        labels = ledger.labels(ledger.of(state))
        subjects += labels
        clauses += [f"{_shorten(labels)} {'is' if len(labels) == 1 else 'are'} {words}"] if labels else []
    same = set(ledger.of("twin"))
    twice = [(j, k) for j in sorted(same) for k in ledger.entries[j].partners if j < k and k in same]
    mutual = [pair for pair in ledger.mutual if pair not in twice]
    for pairs, words in ((twice, "{} and {} repeat each other"), (mutual, "{} and {} move each other")):
        clauses += _clause([words.format(*ledger.labels(pair)) for pair in pairs])
        subjects += ["+".join(ledger.labels(pair)) for pair in pairs]
    one_way = sorted(ledger.one_way, key=lambda pair: -float(ledger.coupling[pair]))
    clauses += _clause([" moves ".join(ledger.labels(pair)) for pair in one_way])
    subjects += [">".join(ledger.labels(pair)) for pair in one_way]
    return subjects, clauses


def _say_alike(evidence: ChannelsEvidence, names: Sequence[str], j: int, k: int) -> str:
    codes, effects = evidence.correlations[j, k], evidence.effects[j, k]
    return f"{names[j]} and {names[k]} are alike (codes correlate at {codes:.2f}, effects at {effects:.2f})"


def _clause(parts: Sequence[str]) -> list[str]:
    """One clause of all of them, if there are any."""
    return [_shorten(parts)] if parts else []


def _shorten(parts: Sequence[str]) -> str:
    """List some, and count the others."""
    return listing(parts) if len(parts) <= LISTED else f"{', '.join(parts[:LISTED])} and {len(parts) - LISTED} more"


def _clear_finding(likeness: list[Estimate], ledger: Ledger | None, count: int) -> Finding:
    """Nothing is held against any channel; whether all is well follows from how alike and how coupled they may be."""
    claims = [(judge_family(likeness, LIKE), LIKE)]
    if ledger and ledger.pairs:
        claims.append((judge_family(ledger.couplings(ledger.pairs), COUPLING), COUPLING))
    level: Level = worst([verdict.level for verdict, _ in claims])
    verdict, bounds = next(claim for claim in claims if claim[0].level == level)
    says = f"No channel of {count} is dead, repeats another, or moves another."
    if not ledger:
        says = f"No channel of {count} repeats another."
    return Finding(
        "spatial.channels",
        says if level == "good" else f"No channel of {count} surely repeats or moves another, but some may.",
        level,
        ("spatial.twins", "spatial.correlation", "spatial.effects"),
        direction="above",
        estimate=verdict.estimate,
        bounds=bounds,
        settle=how_to_settle(verdict.estimate, bounds),
    )


def figures(evidence: ChannelsEvidence) -> Iterator[Picture]:
    """Yield correlations beside effects, if there are several channels."""
    size = len(evidence.correlations)
    if size > 1:
        yield Picture(
            "relations",
            "Channels that carry, or do, the same",
            "Left: correlation of codes over places and data. Right: how alike the changes are that the same move of "
            "two channels makes in the picture. Full red or blue off the diagonal is one channel twice.",
            partial(
                plots.channel_relations,
                evidence.correlations,
                evidence.effects,
                [f"c{channel}" for channel in range(size)],
            ),
        )


QUESTION = Question(
    key="spatial.channels",
    title="Channels",
    text="Which channels repeat one another, in what they say or in what they do?",
    evidence=ChannelsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
