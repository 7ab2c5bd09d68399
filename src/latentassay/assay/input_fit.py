"""Do data and model fit each other: the range of the values that go in, and the scale of the latents that come out?"""

import torch
from torch import Tensor

from latentassay.assay.context import Context
from latentassay.assay.input_checks.ranges import ValueRange, value_range
from latentassay.assay.input_checks.scaling import LatentScale, latent_scale
from latentassay.assay.parts import Part, joined
from latentassay.core.findings import Finding, Level, Score, Section
from latentassay.core.posteriors import DiagonalGaussian

LEAST, MOST, MAPPINGS = 16, 64, 8
"""Rows on which mappings of the values are tried, at least and at most, and about how many mappings there are."""


def fit_least(context: Context) -> int:
    """Passes that this question takes at least."""
    return LEAST * MAPPINGS


class Known:
    """Codes that have been measured already, in place of the encoder: encodes numbers of rows, and costs nothing."""

    def __init__(self, context: Context):
        self._codes = context.codes
        self.latent_shape, self.prior = tuple(context.model.latent_shape), context.model.prior

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """Return the posterior of the rows with these numbers, ``(n, 1)``."""
        rows = x[:, 0].long()
        return DiagonalGaussian(self._codes.mean[rows], self._codes.std[rows])


def ask_fit(context: Context) -> Section:
    """Does the model get what it expects, and are its latents on the scale that is expected of them?"""
    found = value_range(
        context.model,
        context.data,
        generator=context.generator("value range"),
        batch_size=context.batch_size,
        n=max(LEAST, min(context.passes // MAPPINGS, MOST)),
    )
    numbers = torch.arange(context.n, dtype=torch.float64)[:, None]
    scale = latent_scale(Known(context), numbers, batch_size=context.batch_size)
    question = "Does the model get the values that it expects, and are its latents on the scale that is expected?"
    return joined("fit", "Fit", question, [_range_part(context, found), _scale_part(context, scale)])


def _range_part(context: Context, found: ValueRange) -> Part:
    score = Score(
        "fit.range",
        "Gain of the best mapping of the values",
        found.gain,
        f"error of reconstruction as given over that with the mapping “{found.best}”, the best of {len(found.names)}; "
        f"1 if none is better; {found.variant}",
        found.n,
        context.seed,
        found.interval.low,
        found.interval.high,
    )
    findings = tuple(
        _range_finding(word, sentence, found) for word, sentence in zip(found.words, found.sentences, strict=True)
    )
    details = {"values": f"{found.facts.low:.3g} to {found.facts.high:.3g}, {found.facts.dtype}"}
    return Part((score,), findings, {}, details)


def _range_finding(word: str, sentence: str, found: ValueRange) -> Finding:
    if word == "fits as given":
        return Finding("fit.range", sentence, "good", ("fit.range",))
    if word == "outside the declared range":
        remedy = "Bring the data into that range, or say value_range= where the model was wrapped."
        return Finding("fit.outside", sentence, "warning", ("fit.range",), remedy)
    remedy = f"Map the data ({found.expects}) before everything else; most other findings are about the wrong input."
    brief = f"the data seem to need the mapping {found.expects}"
    return Finding("fit.range", sentence, "problem", ("fit.range",), remedy, brief)


def _scale_part(context: Context, found: LatentScale) -> Part:
    scores = (
        _moment(context, found, "std", "Standard deviation of the latents", found.std, *found.std_interval),
        _moment(context, found, "mean", "Mean of the latents", found.mean, *found.mean_interval),
    )
    findings = tuple(
        _scale_finding(context, word, sentence) for word, sentence in zip(found.words, found.sentences, strict=True)
    )
    arrays: dict[str, Tensor] = {
        "channel_mean": found.channel_mean,
        "channel_mean_stderr": found.channel_mean_stderr,
        "channel_std": found.channel_std,
        "channel_std_stderr": found.channel_std_stderr,
    }
    return Part(scores, findings, arrays, {"expected": found.expected, "factor": found.factor})


def _moment(context: Context, found: LatentScale, key: str, label: str, value: float, low: float, high: float) -> Score:
    return Score(f"fit.{key}", label, value, f"over all channels; {found.variant}", found.n, context.seed, low, high)


SCALE: dict[str, tuple[str, Level, str | None]] = {
    "unit variance": ("fit.scale", "good", None),
    "scale factor needed": ("fit.scale", "warning", "Whoever models these latents next should multiply them first."),
    "scale unsure": ("fit.scale", "note", "Assay more rows."),
    "channel scales differ": ("fit.channels", "note", "Scale every channel by its own before latents are modelled."),
    "shifted means": ("fit.shift", "note", "Subtract the mean of every channel before latents are modelled."),
    "channels without variance": ("fit.still", "warning", "These channels can be dropped."),
}
"""Key, level and remedy of what ``latent_scale`` says."""


def _scale_finding(context: Context, word: str, sentence: str) -> Finding:
    """Only a model with a prior has promised a scale; without one a factor is advice."""
    key, level, remedy = SCALE[word]
    if level == "warning" and key == "fit.scale" and context.model.prior is None:
        level = "note"
    space = getattr(context.model, "space", None)
    if word == "scale factor needed" and space:
        remedy = f"{remedy} These are {space}."
    return Finding(key, sentence, level, ("fit.std", "fit.mean") if key != "fit.scale" else ("fit.std",), remedy)
