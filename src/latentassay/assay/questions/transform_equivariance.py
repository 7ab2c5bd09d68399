"""Do the codes of a spatial latent follow their pictures when those are moved, and pictures their codes?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.spatial import spatial_equivariance

FOLLOWS = 0.1
"""Share of the variance by which codes may stray from moved pictures."""

STRAYS = 0.5
"""Share beyond which, for sure, they stray enough for a warning."""

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
    rows = context.rows[: context.rows_at(TRANSFORMATIONS, least=LEAST, most=MOST)]
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
    worst = max(shifts, key=lambda score: score.value)
    level: Level = "good" if worst.value < FOLLOWS else "note" if (worst.low or 0.0) < STRAYS else "warning"
    names = tuple(score.name for score in shifts)
    if level == "good":
        sentence = f"Codes follow a picture that is shifted by one place: they stray by {worst} of their variance."
        return Finding("spatial.shifts", sentence, level, names)
    sentence = f"Codes do not quite follow a shift by one place: they stray by {worst} of their variance."
    remedy = "Expect seams where latents are tiled, shifted or pasted."
    return Finding("spatial.shifts", sentence, level, names, remedy=remedy)


def _other_finding(others: tuple[Score, ...]) -> Finding:
    by_how_much = ", ".join(f"{score.label.split(': ')[1]} {score}" for score in others)
    follows = max(score.value for score in others) < FOLLOWS
    return Finding(
        "spatial.moves",
        f"When pictures are moved, codes stray from the same move of the codes by: {by_how_much}.",
        "good" if follows else "note",
        tuple(score.name for score in others),
        remedy=None if follows else "Move pictures and encode them anew; do not augment the latents themselves.",
    )


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
