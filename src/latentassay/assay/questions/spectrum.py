"""Do spatial latents hold finer detail than their pictures do at their size?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import Bounds, grade
from latentassay.spatial import latent_spectrum

FLATTER = Bounds(
    null=0.0,
    negligible=0.5,
    serious=math.inf,
    reason="difference of exponents; natural pictures have −2, white noise 0, and 0.5 is a quarter of the way; no size "
    "is serious, as some data have fine detail",
)
"""How much flatter the spectrum of latents may be than that of pictures of their size."""

SHORTEST = 4
"""Places of the shortest side that a spectrum needs."""

LEAST = 8
"""Rows, at least."""

MOST = 128
"""And at most."""


@dataclass(frozen=True)
class SpectrumEvidence:
    """Power by frequency, as share of what lies at frequencies that latents have.

    Attributes:
        latent: of all channels of the latent, ``(f,)``.
        latent_stderr: its standard error.
        channels: of every channel, a share of its own, ``(c, f)``.
        picture: of pictures, ``(F,)``.
        picture_stderr: its standard error.
        matched: of pictures averaged to as many places as latents have, ``(f,)``.
        matched_stderr: its standard error.
        latent_slope: exponent of power by frequency.
        matched_slope: the same of the averaged pictures.
        flatter: by how much the first exceeds the second.
        n: number of rows.
        variant: how it was measured.
    """

    latent: Float[np.ndarray, " f"]
    latent_stderr: Float[np.ndarray, " f"]
    channels: Float[np.ndarray, "c f"]
    picture: Float[np.ndarray, " F"]
    picture_stderr: Float[np.ndarray, " F"]
    matched: Float[np.ndarray, " f"]
    matched_stderr: Float[np.ndarray, " f"]
    latent_slope: Estimate
    matched_slope: Estimate
    flatter: Estimate
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest rows; only where every place lies above a part of the picture, and there are enough for a spectrum."""
    applies = context.places_lie_above and min(context.model.latent_shape[1:]) >= SHORTEST
    return LEAST if applies else None


def measure(context: Context) -> SpectrumEvidence:
    """Encode pictures, and compare spectra."""
    rows = context.rows[: context.rows_at(1, least=LEAST, most=context.at_most(MOST))]
    found = latent_spectrum(context.model, context.data, rows=rows, batch_size=context.batch_size)
    whole = found.latent.power.sum(1, keepdim=True)
    slopes = [of.slope for of in (found.latent, found.matched)]
    return SpectrumEvidence(
        latent=found.latent.overall.numpy(),
        latent_stderr=found.latent.overall_stderr.numpy(),
        channels=torch.where(whole > 0, found.latent.power / whole.clamp(min=1e-300), 0.0).numpy(),
        picture=found.picture.overall.numpy(),
        picture_stderr=found.picture.overall_stderr.numpy(),
        matched=found.matched.overall.numpy(),
        matched_stderr=found.matched.overall_stderr.numpy(),
        latent_slope=slopes[0],
        matched_slope=slopes[1],
        flatter=found.flatter,
        n=found.n,
        variant=found.variant,
    )


def judge(evidence: SpectrumEvidence, context: Context) -> Judgement:
    """Say whether latents are flatter than pictures of their size."""
    scores = tuple(
        Score.of(
            f"spatial.slope.{name}",
            label,
            slope,
            f"exponent of power by frequency; {evidence.variant}",
            n=evidence.n,
            seed=context.seed,
        )
        for name, label, slope in (
            ("latent", "Spectral slope of latents", evidence.latent_slope),
            ("picture", "Spectral slope of pictures, averaged to as many places", evidence.matched_slope),
        )
    )
    return Judgement(scores, (_finding(evidence, scores, context),))


def _finding(evidence: SpectrumEvidence, scores: tuple[Score, ...], context: Context) -> Finding:
    level = grade(evidence.flatter, FLATTER)
    latent, picture = (str(score).replace("-", "−") for score in scores)
    says = {
        "good": f": latents hold {'no' if evidence.flatter <= 0 else 'hardly'} more fine detail than these",
        "unsure": "; whether latents are flatter is not sure",
        "note": ": latents hold fine detail that the picture at their size does not",
    }
    return Finding(
        "spatial.spectrum",
        f"Power of latents goes as frequency to the power of {latent}, that of equally coarse pictures to the power of "
        f"{picture}{says[level]}.",
        level,
        tuple(score.name for score in scores),
        direction="above",
        estimate=evidence.flatter,
        bounds=FLATTER,
        remedy=_remedy(context) if level == "note" else None,
        settle=how_to_settle(evidence.flatter, FLATTER),
    )


def _remedy(context: Context) -> str:
    spends = "A diffusion model of such latents spends effort on that detail"
    return f"{spends}; decode downscaled latents while training." if context.is_trainable else f"{spends}."


def figures(evidence: SpectrumEvidence) -> Iterator[Picture]:
    """Yield the spectra in one plot."""
    yield Picture(
        "spectra",
        "Fine and coarse detail",
        "Power by frequency, as share of what lies at frequencies that latents have. A latent that is much flatter "
        "than pictures of its own size (dashed) keeps fine detail that those do not have, often noise, "
        "which a diffusion model would have to learn.",
        partial(
            plots.spectra,
            evidence.latent,
            evidence.latent_stderr,
            evidence.channels,
            evidence.picture,
            evidence.matched,
            (evidence.latent_slope, evidence.matched_slope),
        ),
    )


QUESTION = Question(
    key="spatial.spectrum",
    title="Spectrum",
    text="Do codes hold finer detail than their pictures do at their size?",
    evidence=SpectrumEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=0.5,
)
