"""Questions about pictures and their spatial latents: do codes follow moves, and have they the same spectrum?"""

import torch
from torch import Tensor

from latentassay.assay.context import Context
from latentassay.assay.parts import Part
from latentassay.core.findings import Finding, Level, Score
from latentassay.spatial import LatentSpectrum, SpatialEquivariance, latent_spectrum, spatial_equivariance

FOLLOWS, STRAYS = 0.1, 0.5
"""Shares of the variance by which codes may stray from shifted pictures: good below, a warning beyond doubt above."""

FLATTER = 0.5
"""A spectrum counts as flatter than another if its exponent is so much greater beyond doubt."""


def ask_moves(context: Context, rows: Tensor) -> Part:
    """Do codes of these rows follow their pictures when those are moved, and pictures their codes?"""
    found = spatial_equivariance(context.model, context.data, rows=rows, batch_size=context.batch_size)
    scores = tuple(
        Score(
            f"spatial.{kind}.{name.replace(' ', '-')}",
            f"{label}: {name}",
            float(value),
            f"E‖{formula}‖² over the variance: 0 if the move is followed, 2 if what comes is unrelated; "
            f"{found.variant}; "
            f"{' × '.join(map(str, found.margin))} places at each end left out",
            found.n,
            context.seed,
            max(0.0, float(value - 1.96 * stderr)),
            float(value + 1.96 * stderr),
            unit="%",
        )
        for kind, label, formula, values, stderrs in (
            ("encoded", "Codes stray from moved pictures", "enc(T x) − T enc(x)", found.encoded, found.encoded_stderr),
            ("decoded", "Pictures stray from moved codes", "dec(T z) − T dec(z)", found.decoded, found.decoded_stderr),
        )
        for name, value, stderr in zip(found.names, values, stderrs, strict=True)
    )
    arrays = {
        "encoded": found.encoded,
        "encoded_stderr": found.encoded_stderr,
        "decoded": found.decoded,
        "decoded_stderr": found.decoded_stderr,
    }
    return Part(scores, _moves_findings(found, scores), arrays, {"moves": list(found.names)})


def _moves_findings(found: SpatialEquivariance, scores: tuple[Score, ...]) -> tuple[Finding, ...]:
    by_name = {score.name: score for score in scores}
    shifts = [score for name, score in by_name.items() if ".encoded.shift" in name]
    others = [score for name, score in by_name.items() if ".encoded." in name and score not in shifts]
    worst = max(shifts, key=lambda score: score.value)
    level: Level = "good" if worst.value < FOLLOWS else "note" if (worst.low or 0.0) < STRAYS else "warning"
    sentence = f"Codes follow a picture that is shifted by one place: they stray by {worst} of their variance."
    if level != "good":
        sentence = f"Codes do not quite follow a shift by one place: they stray by {worst} of their variance."
    remedy = None if level == "good" else "Expect seams where latents are tiled, shifted or pasted."
    findings = [Finding("spatial.shifts", sentence, level, tuple(score.name for score in shifts), remedy)]
    told = ", ".join(f"{score.label.split(': ')[1]} {score}" for score in others)
    follows = max(score.value for score in others) < FOLLOWS
    findings.append(
        Finding(
            "spatial.moves",
            f"When pictures are moved, codes stray from the same move of the codes by: {told}.",
            "good" if follows else "note",
            tuple(score.name for score in others),
            None if follows else "Move pictures and encode them anew; do not augment the latents themselves.",
        )
    )
    return tuple(findings)


def ask_spectrum(context: Context, rows: Tensor) -> Part:
    """Do codes of these rows hold finer detail than their pictures do at their size?"""
    if min(context.model.latent_shape[1:]) < 4:
        return Part()
    found = latent_spectrum(context.model, context.data, rows=rows, batch_size=context.batch_size)
    scores = tuple(
        Score(
            f"spatial.slope.{name}",
            label,
            of.slope,
            f"exponent of power by frequency; {found.variant}",
            found.n,
            context.seed,
            *of.slope_interval,
        )
        for name, label, of in (
            ("latent", "Spectral slope of latents", found.latent),
            ("picture", "Spectral slope of pictures, averaged to as many places", found.matched),
        )
    )
    return Part(scores, (_spectrum_finding(found, scores),), _spectrum_arrays(found))


def _spectrum_arrays(found: LatentSpectrum) -> dict[str, Tensor]:
    kinds = {"latent": found.latent, "picture": found.picture, "matched": found.matched}
    arrays = {f"spectrum_{name}": of.overall for name, of in kinds.items()}
    arrays |= {f"spectrum_{name}_stderr": of.overall_stderr for name, of in kinds.items()}
    whole = found.latent.power.sum(1, keepdim=True)
    return arrays | {"spectrum_channels": torch.where(whole > 0, found.latent.power / whole.clamp(min=1e-300), 0.0)}


def _spectrum_finding(found: LatentSpectrum, scores: tuple[Score, ...]) -> Finding:
    flatter = found.latent.slope_interval.low > found.matched.slope_interval.high + FLATTER
    latent, picture = (str(score).replace("-", "−") for score in scores)
    sentence = f"Power of latents goes with frequency to the {latent}, that of equally coarse pictures to the {picture}"
    sentence += ": latents hold fine detail that the picture at their size does not." if flatter else "."
    remedy = "A diffusion model of such latents spends effort on noise; decode downscaled latents while training."
    names = tuple(score.name for score in scores)
    return Finding("spatial.spectrum", sentence, "note" if flatter else "good", names, remedy if flatter else None)
