"""Do spatial latents hold finer detail than their pictures do at their size?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.spatial import latent_spectrum

FLATTER = 0.5
"""A spectrum counts as flatter than another if its exponent is so much greater beyond doubt."""

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
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest rows; only where every place lies above a part of the picture, and there are enough for a spectrum."""
    applies = context.places_lie_above and min(context.model.latent_shape[1:]) >= SHORTEST
    return LEAST if applies else None


def measure(context: Context) -> SpectrumEvidence:
    """Encode pictures, and compare spectra."""
    rows = context.rows[: context.rows_at(1, least=LEAST, most=MOST)]
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
    return Judgement(scores, (_finding(scores),))


def _finding(scores: tuple[Score, ...]) -> Finding:
    low, high = scores[0].low, scores[1].high
    flatter = low is not None and high is not None and low > high + FLATTER
    latent, picture = (str(score).replace("-", "−") for score in scores)
    sentence = f"Power of latents goes with frequency to the {latent}, that of equally coarse pictures to the {picture}"
    sentence += ": latents hold fine detail that the picture at their size does not." if flatter else "."
    remedy = "A diffusion model of such latents spends effort on noise; decode downscaled latents while training."
    names = tuple(score.name for score in scores)
    return Finding(
        "spatial.spectrum", sentence, "note" if flatter else "good", names, remedy=remedy if flatter else None
    )


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
