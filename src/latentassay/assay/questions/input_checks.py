"""Do data and model fit each other: the range of the values, the decoder's output, its encoder, the latents' scale?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.answering import Answering, reconstructed
from latentassay.assay.context import Context
from latentassay.assay.input_checks.belonging import Belonging, belonging
from latentassay.assay.input_checks.layouts import check_layout, other_layout
from latentassay.assay.input_checks.outputs import OutputScale, output_scale
from latentassay.assay.input_checks.ranges import ValueRange, give_way, value_range
from latentassay.assay.input_checks.repeats import Repeats, repeated_rows
from latentassay.assay.input_checks.scaling import latent_scale
from latentassay.assay.input_checks.verdicts import (
    SPOKEN,
    aside,
    say_of_belonging,
    say_of_output,
    say_of_range,
    say_of_repeats,
    say_of_scale,
)
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.core.levels import GRAVE
from latentassay.core.observations import Observations, TensorObservations
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.sampling import decode, hybrid

LEAST = 16
"""Rows on which mappings of the values are tried, at least."""

MOST = 64
"""And at most."""

MAPPINGS = 12
"""How many mappings there are, about."""

LOSSY = 0.1
"""Decodings and codes are mapped, too, if reconstructions may lose more than this share of the variance."""

LOST = 0.6
"""And encoder and decoder are asked whether they belong together if at least this share is lost."""

MAPPED = 6
"""Passes of a row that this takes, about."""

ROWS_PER_LATENT = 8
"""Rows that tell whether they do, at most, for every latent, beside twice ``MOST``."""


@dataclass(frozen=True)
class InputEvidence:
    """What mappings of the data, of decodings and of codes would gain, and moments of the latents.

    Attributes:
        channel_mean: mean of samples of every channel, ``(c,)``.
        channel_mean_stderr: its standard error.
        channel_std: standard deviation of the same, ``(c,)``.
        channel_std_stderr: its standard error.
        gain: error of reconstruction as given over that with the best mapping; 1 if none is better.
        range_level: the level that follows for the range.
        best: name of that mapping.
        expects: what the data would have to be, in words.
        mappings: how many were tried.
        range_variant: how that was measured.
        range_n: on how many rows.
        range_words: what there is to say of the range, by its name.
        range_sentences: the same in sentences.
        output_gain: error of decodings as they are, or less a constant, over that with the best map of them; ``None``
            where it was not measured.
        output_lost: share of the variance that is lost with that map.
        output_level: the level that follows for the output.
        output_name: what decodings then seem to be.
        output_code: the map as Python.
        output_maps: how many were tried.
        belong_regained: share of the variance that an affine map of codes regains; ``None`` where it was not measured.
        belong_kept: share that reconstructions keep as they are, on the same rows.
        belong_mapped: share that they keep with the map.
        belong_predicted: share of the variance of responses that an affine map of codes predicts.
        belong_level: the level that follows.
        mean: over all channels.
        std: over all channels.
        expected: standard deviation that is expected of the latents.
        scale_variant: how mean and deviation were measured.
        scale_words: what there is to say of the scale, by its name.
        scale_sentences: the same in sentences.
        scale_estimates: the effects that it rests on.
        scale_channels: which channels it is about.
        repeats_each: how many rows count as one, as they repeat each other; ``None`` where that cannot be told.
        repeats_exact: rows that equal another, of those compared.
        repeats_near: rows that nearly do.
        repeats_compared: rows that were compared.
    """

    channel_mean: Float[np.ndarray, " c"]
    channel_mean_stderr: Float[np.ndarray, " c"]
    channel_std: Float[np.ndarray, " c"]
    channel_std_stderr: Float[np.ndarray, " c"]
    gain: Estimate
    range_level: Level
    best: str
    expects: str | None
    mappings: int
    range_variant: str
    range_n: int
    range_words: tuple[str, ...]
    range_sentences: tuple[str, ...]
    output_gain: Estimate | None
    output_lost: Estimate | None
    output_level: Level | None
    output_name: str | None
    output_code: str | None
    output_maps: int
    belong_regained: Estimate | None
    belong_kept: Estimate | None
    belong_mapped: Estimate | None
    belong_predicted: float | None
    belong_level: Level | None
    mean: Estimate
    std: Estimate
    expected: float
    scale_variant: str
    scale_words: tuple[str, ...]
    scale_sentences: tuple[str, ...]
    scale_estimates: tuple[Estimate, ...]
    scale_channels: tuple[tuple[int, ...], ...]
    repeats_each: Estimate | None
    repeats_exact: int
    repeats_near: int
    repeats_compared: int


LAYOUT = 4
"""Rows that layouts are compared on, over those that mappings are tried on: second moments of pictures are noisy."""


class KnownCodes:
    """Codes that have been measured already, in place of the encoder: encodes numbers of rows, and costs nothing."""

    def __init__(self, context: Context):
        self._codes = context.codes
        self.latent_shape, self.prior = tuple(context.model.latent_shape), context.model.prior

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """Return the posterior of the rows with these numbers, ``(n, 1)``."""
        rows = x[:, 0].long()
        return DiagonalGaussian(self._codes.mean[rows], self._codes.std[rows])


def _with_answers(context: Context, cap: int) -> Observations:
    """Return the data; of a model that makes no numbers of some, those of which it does.

    A mapping that only leads away from the others would look like a gain.
    """
    if not isinstance(context.model, Answering):
        return context.data
    kept = reconstructed(context.model.model, context.data, context.order[: LAYOUT * cap], context.batch_size)
    return TensorObservations(context.data.batch(kept)) if len(kept) >= LEAST else context.data


def passes_needed(context: Context) -> int:
    """Every mapping on the fewest rows."""
    return LEAST * MAPPINGS


def measure(context: Context) -> InputEvidence:
    """Try mappings of the values, then of decodings and codes where much is lost, and measure moments of the codes."""
    cap = max(LEAST, min(context.passes // MAPPINGS, context.at_most(MOST)))
    values = value_range(
        context.model,
        _with_answers(context, cap),
        generator=context.generator("value range"),
        batch_size=context.batch_size,
        n=cap,
    )
    mapping = other_layout(values, tuple(context.data.x_shape))
    if mapping is not None:
        values = check_layout(values, mapping, *_drawn_alone(context, LAYOUT * cap))
    output = _try_output(context, values, cap)
    if output is not None and output.level in GRAVE:
        values = give_way(values, output.lost)
        output = None if values.level in GRAVE else output
    belong = _try_belonging(context, values, output)
    numbers = torch.arange(context.n, dtype=torch.float64)[:, None]
    scale = latent_scale(KnownCodes(context), numbers, batch_size=context.batch_size)
    copies = repeated_rows(
        context.data, context.rows, batch_size=context.batch_size, generator=context.generator("repeats")
    )
    return InputEvidence(
        channel_mean=scale.channel_mean.numpy(),
        channel_mean_stderr=scale.channel_mean_stderr.numpy(),
        channel_std=scale.channel_std.numpy(),
        channel_std_stderr=scale.channel_std_stderr.numpy(),
        gain=values.gain,
        range_level=values.level,
        best=values.best,
        expects=values.expects,
        mappings=len(values.names),
        range_variant=values.variant,
        range_n=values.n,
        range_words=tuple(values.words),
        range_sentences=tuple(values.sentences),
        output_gain=output and output.gain,
        output_lost=output and output.lost,
        output_level=output and output.level,
        output_name=output and output.best,
        output_code=output and output.code,
        output_maps=len(output.names) if output else 0,
        belong_regained=belong and belong.regained,
        belong_kept=belong and belong.kept,
        belong_mapped=belong and belong.kept_mapped,
        belong_predicted=belong and belong.predicted,
        belong_level=belong and belong.level,
        mean=scale.mean,
        std=scale.std,
        expected=scale.expected,
        scale_variant=scale.variant,
        scale_words=scale.words,
        scale_sentences=scale.sentences,
        scale_estimates=tuple(verdict.estimate for verdict in scale.verdicts),
        scale_channels=tuple(verdict.channels for verdict in scale.verdicts),
        repeats_each=copies and copies.each,
        repeats_exact=copies.exact if copies else 0,
        repeats_near=copies.near if copies else 0,
        repeats_compared=copies.compared if copies else 0,
    )


def _drawn_alone(context: Context, cap: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Observations, and decodings of latents of which every unit comes from another row: no encoder chose them."""
    n = min(context.n, cap)
    mixed = hybrid(context.z, n, generator=context.generator("layout"), units=context.variables, pool=None)
    return context.x(slice(n)), decode(context.model, mixed, batch_size=context.batch_size)


def _try_output(context: Context, values: ValueRange, cap: int) -> OutputScale | None:
    """Map decodings, where reconstructions are not good."""
    if not (values.lost[0].high or 0.0) > LOSSY:
        return None
    return output_scale(
        context.model, context.data, generator=context.generator("output"), n=cap, batch_size=context.batch_size
    )


def _try_belonging(context: Context, values: ValueRange, output: OutputScale | None) -> Belonging | None:
    """Map codes, where reconstructions are lost and neither the range of the data nor the output explains it."""
    explained = values.level in GRAVE or (output is not None and output.level in GRAVE)
    if explained or values.lost[0] < LOST:
        return None
    wanted = max(context.at_most(2 * MOST), ROWS_PER_LATENT * context.codes.mean[0].numel())
    rows = min(context.n, max(2 * LEAST, min(wanted, context.passes // MAPPED)))
    part = slice(rows)
    return belonging(
        context.model,
        context.data,
        context.rows[part],
        context.codes.mean[part],
        generator=context.generator("belonging"),
        batch_size=context.batch_size,
    )


def judge(evidence: InputEvidence, context: Context) -> Judgement:
    """Say whether range, output and coders fit, and whether latents are on their scale."""
    ranges = list(zip(evidence.range_words, evidence.range_sentences, strict=True))
    if evidence.output_level in GRAVE:  # why nothing is reconstructed is then known
        ranges = [(word, sentence) for word, sentence in ranges if word != "reconstructs nothing"]
    level, gain, expects = evidence.range_level, evidence.gain, evidence.expects
    findings = [say_of_range(word, sentence, level, gain, expects) for word, sentence in ranges]
    findings += [finding for finding in (_of_output(evidence), _of_belonging(evidence)) if finding]
    if evidence.repeats_each is not None:
        counts = evidence.repeats_exact, evidence.repeats_near, evidence.repeats_compared
        repeats = say_of_repeats(Repeats(evidence.repeats_each, *counts), context.n)
        findings += [repeats] if repeats else []
    idle = set(context.ledger.labels(context.ledger.of("dead", "collapsed", "encoder-blind")))
    scales = [_of_scale(k, evidence, context) for k in range(len(evidence.scale_words))]
    # Of units that do not vary the ledger says whether that matters, and what lies off a normal prior the comparison
    # of the aggregate posterior with it.
    scales = [each for each in scales if each.key != "input_checks.still" or not set(each.subjects) <= idle]
    scales = [each for each in scales if each.key != "input_checks.shift" or not context.has_normal_prior]
    # Codes of the wrong input are on no scale that anybody chose.
    findings += [aside(finding) for finding in scales] if level in GRAVE else scales
    return Judgement(tuple(_scores(evidence, context)), tuple(findings))


def _of_output(evidence: InputEvidence) -> Finding | None:
    gain, lost, level = evidence.output_gain, evidence.output_lost, evidence.output_level
    if gain is None or lost is None or level is None:
        return None
    return say_of_output(evidence.output_name or "", evidence.output_code or "", level, gain, lost)


def _of_belonging(evidence: InputEvidence) -> Finding | None:
    regained, kept, mapped = evidence.belong_regained, evidence.belong_kept, evidence.belong_mapped
    level, predicted = evidence.belong_level, evidence.belong_predicted
    if regained is None or kept is None or mapped is None or level is None or predicted is None:
        return None
    return say_of_belonging(level, regained, kept, mapped, predicted)


def _of_scale(k: int, evidence: InputEvidence, context: Context) -> Finding:
    prefix = "c" if context.is_spatial else ""
    return say_of_scale(
        evidence.scale_words[k],
        evidence.scale_sentences[k],
        evidence.scale_estimates[k],
        tuple(f"{prefix}{channel}" for channel in evidence.scale_channels[k]),
        has_prior=context.has_prior,
        space=getattr(context.model, "space", None),
    )


def _scores(evidence: InputEvidence, context: Context) -> Iterator[Score]:
    made = partial(Score.of, seed=context.seed)
    definition = (
        f"error of reconstruction as given over that with the mapping “{evidence.best}”, the best of "
        f"{evidence.mappings}; 1 if none is better; {evidence.range_variant}"
    )
    label = "Gain of the best mapping of the values"
    yield made("input_checks.range", label, evidence.gain, definition, n=evidence.range_n)
    if evidence.output_gain is not None and evidence.output_level in SPOKEN:
        definition = (
            "squared error of decodings as they are, or less a constant where that is smaller, over that with "
            f"{evidence.output_code}, the best of {evidence.output_maps} maps; posterior means, paired by rows"
        )
        label, n = "Gain of the best map of decodings", evidence.output_gain.n or context.n
        yield made("input_checks.output", label, evidence.output_gain, definition, n=n)
    if evidence.belong_regained is not None and evidence.belong_level in SPOKEN:
        definition = (
            "share of the variance of the data that is kept if codes pass through an affine map, a ridge regression of "
            "z on E(D(z)), less what is kept without it, with scales alone or by the mean; on rows left out of the fit"
        )
        label, n = "Regained by a map of codes", evidence.belong_regained.n or context.n
        yield made("input_checks.belong", label, evidence.belong_regained, definition, n=n, unit="%")
    moments = {
        "std": ("Standard deviation of the latents", evidence.std),
        "mean": ("Mean of the latents", evidence.mean),
    }
    for key, (label, value) in moments.items():
        definition = f"over all channels; {evidence.scale_variant}"
        yield made(f"input_checks.{key}", label, value, definition, n=value.n or context.n)


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
    text="Do the data come as the model expects them, do its decodings come as the data do, do encoder and decoder "
    "belong together, and are latents on the scale that is expected?",
    evidence=InputEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
    is_decisive=True,
)
