"""Do data and model fit each other: the range of the values that go in, and the scale of the latents that come out?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.input_checks.ranges import value_range
from latentassay.assay.input_checks.scaling import latent_scale
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.core.posteriors import DiagonalGaussian

LEAST = 16
"""Rows on which mappings of the values are tried, at least."""

MOST = 64
"""And at most."""

MAPPINGS = 8
"""How many mappings there are, about."""


@dataclass(frozen=True)
class InputEvidence:
    """What the best mapping of the values would gain, and moments of the latents.

    Attributes:
        channel_mean: mean of samples of every channel, ``(c,)``.
        channel_mean_stderr: its standard error.
        channel_std: standard deviation of the same, ``(c,)``.
        channel_std_stderr: its standard error.
        gain: error of reconstruction as given over that with the best mapping; 1 if none is better.
        best: name of that mapping.
        expects: what the data would have to be, in words.
        mappings: how many were tried.
        range_variant: how that was measured.
        range_n: on how many rows.
        range_words: what there is to say of the range, by its name.
        range_sentences: the same in sentences.
        mean: over all channels.
        std: over all channels.
        expected: standard deviation that is expected of the latents.
        scale_variant: how mean and deviation were measured.
        scale_words: what there is to say of the scale, by its name.
        scale_sentences: the same in sentences.
    """

    channel_mean: Float[np.ndarray, " c"]
    channel_mean_stderr: Float[np.ndarray, " c"]
    channel_std: Float[np.ndarray, " c"]
    channel_std_stderr: Float[np.ndarray, " c"]
    gain: Estimate
    best: str
    expects: str | None
    mappings: int
    range_variant: str
    range_n: int
    range_words: tuple[str, ...]
    range_sentences: tuple[str, ...]
    mean: Estimate
    std: Estimate
    expected: float
    scale_variant: str
    scale_words: tuple[str, ...]
    scale_sentences: tuple[str, ...]


class KnownCodes:
    """Codes that have been measured already, in place of the encoder: encodes numbers of rows, and costs nothing."""

    def __init__(self, context: Context):
        self._codes = context.codes
        self.latent_shape, self.prior = tuple(context.model.latent_shape), context.model.prior

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """Return the posterior of the rows with these numbers, ``(n, 1)``."""
        rows = x[:, 0].long()
        return DiagonalGaussian(self._codes.mean[rows], self._codes.std[rows])


def passes_needed(context: Context) -> int:
    """Every mapping on the fewest rows."""
    return LEAST * MAPPINGS


def measure(context: Context) -> InputEvidence:
    """Try mappings of the values, and measure the moments of codes that are there."""
    found = value_range(
        context.model,
        context.data,
        generator=context.generator("value range"),
        batch_size=context.batch_size,
        n=max(LEAST, min(context.passes // MAPPINGS, MOST)),
    )
    numbers = torch.arange(context.n, dtype=torch.float64)[:, None]
    scale = latent_scale(KnownCodes(context), numbers, batch_size=context.batch_size)
    return InputEvidence(
        channel_mean=scale.channel_mean.numpy(),
        channel_mean_stderr=scale.channel_mean_stderr.numpy(),
        channel_std=scale.channel_std.numpy(),
        channel_std_stderr=scale.channel_std_stderr.numpy(),
        gain=found.gain,
        best=found.best,
        expects=found.expects,
        mappings=len(found.names),
        range_variant=found.variant,
        range_n=found.n,
        range_words=tuple(found.words),
        range_sentences=tuple(found.sentences),
        mean=scale.mean,
        std=scale.std,
        expected=scale.expected,
        scale_variant=scale.variant,
        scale_words=tuple(scale.words),
        scale_sentences=tuple(scale.sentences),
    )


def judge(evidence: InputEvidence, context: Context) -> Judgement:
    """Say whether the range fits, and whether latents are on their scale."""
    gain = Score.of(
        "input_checks.range",
        "Gain of the best mapping of the values",
        evidence.gain,
        f"error of reconstruction as given over that with the mapping “{evidence.best}”, the best of "
        f"{evidence.mappings}; 1 if none is better; {evidence.range_variant}",
        n=evidence.range_n,
        seed=context.seed,
    )
    std = _moment(evidence, context, "std", "Standard deviation of the latents", evidence.std)
    mean = _moment(evidence, context, "mean", "Mean of the latents", evidence.mean)
    ranges = zip(evidence.range_words, evidence.range_sentences, strict=True)
    scales = zip(evidence.scale_words, evidence.scale_sentences, strict=True)
    findings = [_range_finding(word, sentence, evidence) for word, sentence in ranges]
    findings += [_scale_finding(word, sentence, context) for word, sentence in scales]
    return Judgement((gain, std, mean), tuple(findings))


def _moment(evidence: InputEvidence, context: Context, key: str, label: str, value: Estimate) -> Score:
    definition = f"over all channels; {evidence.scale_variant}"
    return Score.of(f"input_checks.{key}", label, value, definition, n=value.n or context.n, seed=context.seed)


def _range_finding(word: str, sentence: str, evidence: InputEvidence) -> Finding:
    if word == "fits as given":
        return Finding("input_checks.range", sentence, "good", ("input_checks.range",))
    if word == "outside the declared range":
        remedy = "Bring the data into that range, or say value_range= where the model was wrapped."
        return Finding("input_checks.outside", sentence, "warning", ("input_checks.range",), remedy=remedy)
    remedy = f"Map the data ({evidence.expects}) before everything else; most other findings are about the wrong input."
    brief = f"the data seem to need the mapping {evidence.expects}"
    return Finding("input_checks.range", sentence, "problem", ("input_checks.range",), remedy=remedy, brief=brief)


SCALE: dict[str, tuple[str, Level, str | None]] = {
    "unit variance": ("scale", "good", None),
    "scale factor needed": ("scale", "warning", "Whoever models these latents next should multiply them first."),
    "scale unsure": ("scale", "note", "Assay more rows."),
    "channel scales differ": ("channels", "note", "Scale every channel by its own before latents are modelled."),
    "shifted means": ("shift", "note", "Subtract the mean of every channel before latents are modelled."),
    "channels without variance": ("still", "warning", "These channels can be dropped."),
}
"""Key, level and remedy of what ``latent_scale`` says."""


def _scale_finding(word: str, sentence: str, context: Context) -> Finding:
    """Only a model with a prior has promised a scale; without one a factor is advice."""
    key, level, remedy = SCALE[word]
    if level == "warning" and key == "scale" and context.model.prior is None:
        level = "note"
    space = getattr(context.model, "space", None)
    if word == "scale factor needed" and space:
        remedy = f"{remedy} These are {space}."
    scores = ("input_checks.std",) if key == "scale" else ("input_checks.std", "input_checks.mean")
    return Finding(f"input_checks.{key}", sentence, level, scores, remedy=remedy)


def figures(evidence: InputEvidence) -> Iterator[Picture]:
    """Yield the moments of every channel."""
    labels = [str(channel) for channel in range(len(evidence.channel_mean))]
    yield Picture(
        "channels",
        "On which scale latents come",
        "Mean and standard deviation of samples of every channel, or latent of a vector, with the posterior's own "
        "noise. Who models these latents next mostly expects means of 0 and the standard deviation of the dashed line. "
        "Bars are 95 % intervals.",
        partial(
            plots.channel_scales,
            evidence.channel_mean,
            evidence.channel_mean_stderr,
            evidence.channel_std,
            evidence.channel_std_stderr,
            evidence.expected,
            labels,
        ),
    )


QUESTION = Question(
    key="input_checks",
    title="Input checks",
    text="Does the model get the values that it expects, and are its latents on the scale that is expected?",
    evidence=InputEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
