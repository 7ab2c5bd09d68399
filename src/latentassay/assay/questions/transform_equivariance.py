"""Do the codes of a spatial latent follow their pictures when those are moved, and pictures their codes?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import judge_family
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import GRAVE, Bounds
from latentassay.spatial import spatial_equivariance

SHIFTS = Bounds(
    null=0.0,
    negligible=0.1,
    serious=0.5,
    reason="of the variance of codes, of which unrelated ones stray by 2: a tenth is not seen, half makes seams",
)
"""How far codes may stray from pictures that are shifted by one place."""

MOVES = SHIFTS._replace(
    serious=math.inf, reason="of the variance of codes; no size is serious, as models need not follow flips and turns"
)
"""How far they may stray from pictures that are flipped, turned or enlarged."""

SEAMS = "Expect seams where latents are tiled, shifted or pasted."
ANEW = "Move pictures and encode them anew; do not augment the latents themselves."

TRANSFORMATIONS = 7
"""Passes that all transformations of one picture take."""

LEAST = 8
"""Rows, at least."""

MOST = 128
"""And at most."""


@dataclass(frozen=True)
class TransformEvidence:
    """How far codes and pictures stray from what they were moved to, for ``t`` transformations.

    Attributes:
        encoded: E‖enc(T x) − T enc(x)‖² over the variance of codes, ``(t,)``.
        encoded_stderr: its standard error.
        decoded: E‖dec(T z) − T dec(z)‖² over the variance of pictures, ``(t,)``.
        decoded_stderr: its standard error.
        names: of the transformations, e.g. ``"shift down"``.
        margin: places at each end that were left out.
        n: number of rows.
        variant: how it was measured.
    """

    encoded: Float[np.ndarray, " t"]
    encoded_stderr: Float[np.ndarray, " t"]
    decoded: Float[np.ndarray, " t"]
    decoded_stderr: Float[np.ndarray, " t"]
    names: tuple[str, ...]
    margin: tuple[int, ...]
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """All transformations of the fewest rows; only where every place lies above a part of the picture."""
    return LEAST * TRANSFORMATIONS if context.places_lie_above else None


def measure(context: Context) -> TransformEvidence:
    """Move pictures and codes, and compare."""
    rows = context.rows[: context.rows_at(TRANSFORMATIONS, least=LEAST, most=context.at_most(MOST))]
    found = spatial_equivariance(context.model, context.data, rows=rows, batch_size=context.batch_size)
    return TransformEvidence(
        encoded=found.encoded.numpy(),
        encoded_stderr=found.encoded_stderr.numpy(),
        decoded=found.decoded.numpy(),
        decoded_stderr=found.decoded_stderr.numpy(),
        names=tuple(found.names),
        margin=tuple(found.margin),
        n=found.n,
        variant=found.variant,
    )


KINDS = {
    "encoded": ("Codes stray from moved pictures", "enc(T x) − T enc(x)"),
    "decoded": ("Pictures stray from moved codes", "dec(T z) − T dec(z)"),
}
"""Label and formula of both directions."""


def judge(evidence: TransformEvidence, context: Context) -> Judgement:
    """Say whether codes follow shifts, and by how much they stray from the other transformations."""
    encoded = _scores("encoded", evidence.encoded, evidence.encoded_stderr, evidence, context)
    decoded = _scores("decoded", evidence.decoded, evidence.decoded_stderr, evidence, context)
    shifts = tuple(score for score in encoded if ".encoded.shift" in score.name)
    others = tuple(score for score in encoded if score not in shifts)
    return Judgement(encoded + decoded, (_shift_finding(shifts), _other_finding(others)))


def _scores(
    kind: str, values: np.ndarray, stderrs: np.ndarray, evidence: TransformEvidence, context: Context
) -> tuple[Score, ...]:
    label, formula = KINDS[kind]
    definition = (
        f"E‖{formula}‖² over the variance: 0 if the move is followed, 2 if what comes is unrelated; "
        f"{evidence.variant}; {' × '.join(map(str, evidence.margin))} places at each end left out"
    )
    return tuple(
        Score.of(
            f"spatial.{kind}.{name.replace(' ', '-')}",
            f"{label}: {name}",
            Estimate(value, low=max(0.0, float(value - Z95 * stderr)), high=float(value + Z95 * stderr)),
            definition,
            n=evidence.n,
            seed=context.seed,
            unit="%",
        )
        for name, value, stderr in zip(evidence.names, values, stderrs, strict=True)
    )


def _shift_finding(shifts: tuple[Score, ...]) -> Finding:
    found = judge_family([score.estimate for score in shifts], SHIFTS)
    strays = f"they stray by {found.estimate.scaled(100)} % of their variance at worst"
    says = {
        "good": f"Codes follow a picture that is shifted by one place: {strays}.",
        "note": f"Codes follow a shift by one place in part: {strays}.",
        "unsure": f"How well codes follow a shift by one place is not sure: {strays}.",
    }
    return Finding(
        "spatial.shifts",
        says.get(found.level, f"Codes do not follow a shift by one place: {strays}."),
        found.level,
        tuple(score.name for score in shifts),
        direction="above",
        estimate=found.estimate,
        bounds=SHIFTS,
        remedy=SEAMS if found.level in ("note", *GRAVE) else None,
        settle=how_to_settle(found.estimate, SHIFTS),
    )


def _other_finding(others: tuple[Score, ...]) -> Finding:
    found = judge_family([score.estimate for score in others], MOVES)
    by_how_much = ", ".join(f"{_describe(score)}: {score}" for score in others)
    return Finding(
        "spatial.moves",
        f"When pictures are moved, codes stray from the same move of the codes ({by_how_much} of their variance).",
        found.level,
        tuple(score.name for score in others),
        direction="above",
        estimate=found.estimate,
        bounds=MOVES,
        remedy=ANEW if found.level == "note" else None,
        settle=how_to_settle(found.estimate, MOVES),
    )


def _describe(score: Score) -> str:
    """What was done to pictures; a factor is called one, lest it be read together with the percentage behind it."""
    return score.label.split(": ")[1].replace("zoom by 2", "zoom by a factor of 2")


def figures(evidence: TransformEvidence) -> Iterator[Picture]:
    """Yield both directions as bars."""
    yield Picture(
        "bars",
        "Do codes follow their pictures",
        "Pictures are moved and encoded, and compared with the moved codes; and codes are moved and decoded, and "
        "compared with the moved pictures. 0: the move is followed in full; 2: as far apart as two unrelated codes; "
        "more: as if turned to their opposite. Bars end in 95 % intervals.",
        partial(
            plots.move_bars,
            evidence.names,
            evidence.encoded,
            evidence.encoded_stderr,
            evidence.decoded,
            evidence.decoded_stderr,
        ),
    )


QUESTION = Question(
    key="spatial.transform_equivariance",
    title="Moved pictures",
    text="Do codes follow their pictures when those are moved, and pictures their codes?",
    evidence=TransformEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
