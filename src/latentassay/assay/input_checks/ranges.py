"""Do observations come in the range, and in the layout, that the model was made for?"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.assay.input_checks.gains import error_left, error_ratio
from latentassay.assay.input_checks.mappings import AS_GIVEN, SLACK, DataFacts, Mapping, mappings_for, read_facts
from latentassay.core.autoencoder import Autoencoder, eval_mode, to_model
from latentassay.core.errors import InputError, LatentAssayError
from latentassay.core.estimate import Estimate
from latentassay.core.guard import encode_means, reconstruct_batch
from latentassay.core.levels import GRAVE, Bounds, Level, exceeding, grade
from latentassay.core.observations import as_observations, finite
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator

BATCH_SIZE = 32
"""Rows at a time."""

LEFT = Bounds(1.0, 0.8, 2 / 3, "share of the squared error that is left with the best mapping of the data", 2 / 3)
"""What a mapping must gain before it is believed: all that is found with the wrong values is about the wrong input."""

NO_GAIN = 1.02
"""A mapping that gains less than this is as good as none."""

EVEN = 1.05
"""Of mappings whose gains lie within this factor of the best one, the first is taken, "as given" before all."""

HOPELESS = 0.95
"""A model that leaves this share of the variance with the best mapping reconstructs nothing, and gains tell nothing."""

CLEARLY = 1.25
"""Of two explanations of an error one is clearly better if what it leaves is so many times less."""

BY_FAR = 2.0
"""A constant must explain an error so much better than a mapping: for linear models in another range both do alike."""

GIVEN_UP = 4.0
"""A mapping that makes errors so many times as large on the first rows is tried on no more."""

FIRST = 16
"""So many are the first rows."""

ROUNDING = 1e-5
"""Errors below this share of the size of x are rounding."""

NEGLIGIBLE = 0.02
"""Data that leave less than this share of their variance unexplained as they are have no fault that matters."""

VARIANT = (
    "posterior means; mean squared error per value in the units of the data as given; gain = error as given / error "
    "with the mapping, paired by rows, interval of its logarithm (linearised, Student's t)"
)


class ValueRange(NamedTuple):
    """With which mapping of the data the model reconstructs best; arrays are tensors.

    Attributes:
        names: the mappings that were tried, ``"as given"`` first.
        errors: mean squared error per value with each, ``(mappings,)``, on the rows that it was tried on; infinite
            where the model fails or answers with NaN.
        gains: error as given over error with each mapping; intervals are over rows.
        lost: share of the variance of the data that is lost with each mapping, above 1 where the mean is better.
        best: the mapping with the least error, or the first that is as good.
        gain: its gain; 1 if it is ``"as given"``.
        constant: by how much the error as given would be divided if a constant were taken off reconstructions.
        level: mostly of the error that ``best`` leaves, 1 / ``gain``, against ``LEFT``; "good" if less than a
            ``NEGLIGIBLE`` share is lost as given, "note" if the best mapping still loses all (``HOPELESS``),
            or a constant explains the error better by far.
        expects: the mapping to believe, ``best``, where the level is "problem"; or else ``"as given"``.
        words: one of "fits as given", "reconstructs nothing", "range unsure" and "expects another range", and
            "outside the declared range" where the model says what it takes (``value_range``) and data exceed that by
            more than ``SLACK`` of its length.
        sentences: the same with their numbers.
        facts: least and greatest value, share outside [0, 1], type.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    names: tuple[str, ...]
    errors: Float[Tensor, " mappings"]
    gains: tuple[Estimate, ...]
    lost: tuple[Estimate, ...]
    best: str
    gain: Estimate
    constant: float
    level: Level
    expects: str
    words: tuple[str, ...]
    sentences: tuple[str, ...]
    facts: DataFacts
    n: int
    variant: str


def value_range(
    model: Autoencoder, data: Any, *, generator: Generator | int = 0, n: int = 64, batch_size: int = BATCH_SIZE
) -> ValueRange:
    """Try the usual mappings of x, and see with which the model reconstructs best: ``‖x − map⁻¹(D(E(map x)))‖²``.

    All errors are in the units of x as given, so a mapping that merely shrinks the data gains nothing. Tried are, where
    the data allow it: [0, 1], [−1, 1] and [0, 255] from one another, or to them from the least and greatest value, mean
    and std of ImageNet and their inverse, x upside down in its range, channels in reverse order, memory read with
    channels last, height and width exchanged, and every column of vectors, or every channel, standardised. A model
    that does as well with several, such as one of ReLUs without biases, is not blamed.

    Args:
        model: an autoencoder.
        data: an array or tensor ``(rows, *x_shape)`` or ``Observations``.
        generator: chooses the rows; or a seed.
        n: rows to use, at most; at least 4.
        batch_size: rows at a time.

    Raises:
        InputError: unusable data, too few rows, or reconstructions of the data as given that are NaN or infinite.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x.clamp(-1, 0), lambda z: z, latent_shape=(4,))
    >>> x = torch.rand(50, 4, generator=torch.Generator().manual_seed(0))
    >>> value_range(model, x - 1).words
    ('fits as given',)
    """
    observations = as_observations(data)
    n = min(n, len(observations))
    if n < 4:
        raise InputError(f"needs at least 4 rows, got {n}")
    rows = torch.split(torch.randperm(len(observations), generator=as_generator(generator))[:n], batch_size)
    facts = read_facts(observations, rows, str(getattr(data, "dtype", "")).removeprefix("torch."))
    mappings = mappings_for(facts, observations.x_shape)
    tried = _try(model, observations, rows, mappings, facts)
    return _summarise(mappings, tried, facts, getattr(model, "value_range", None))


class _Tried(NamedTuple):
    """Squared errors of every row with every mapping, NaN where it was given up before, and distances to the mean row.

    ``constant`` is by how much a constant, taken off the reconstructions of data as given, divides the error.
    """

    errors: Float[Tensor, "n mappings"]
    spread: Float[Tensor, " n"]
    constant: float


def _try(model: Any, observations: Any, rows: tuple[Tensor, ...], mappings: list[Mapping], facts: DataFacts) -> _Tried:
    n = sum(map(len, rows))
    errors = torch.full((n, len(mappings)), torch.nan, dtype=torch.float64)
    spread, trying, begun = torch.empty(n, dtype=torch.float64), list(range(1, len(mappings))), 0
    residuals = torch.zeros(observations.x_shape, dtype=torch.float64)
    with eval_mode(model), bar(n * len(mappings), "value range", unit="rows") as progress:
        for part in rows:
            batch, to = observations.batch(part), slice(begun, begun + len(part))
            spread[to] = (batch.double() - facts.mean).square().flatten(1).mean(1)
            x = to_model(model, batch)
            decoded = reconstruct_batch(model, encode_means(model, x).mean, x)
            residual = finite(x.double() - decoded.double(), "errors of reconstructions").cpu()
            errors[to, 0], residuals = residual.square().flatten(1).mean(1), residuals + residual.sum(0)
            for k in trying:
                errors[to, k] = _error(model, x, mappings[k])
            begun += len(part)
            progress.update(len(part) * len(mappings))
            if begun >= FIRST:
                sums = errors[:begun].sum(0)
                trying = [k for k in trying if float(sums[k]) <= GIVEN_UP * float(sums[0])]
    return _Tried(errors, spread, _constant(errors[:, 0], residuals / n))


def _constant(errors: Float[Tensor, " n"], mean_residual: Tensor) -> float:
    plain, n = float(errors.mean()), len(errors)
    left = (plain - float(mean_residual.square().mean())) * n / (n - 1)
    return plain / max(left, 1e-10 * plain) if plain > 0 else 1.0


def _error(model: Any, x: Tensor, mapping: Mapping) -> Float[Tensor, " n"]:
    """Mean squared error of every row; a model may fail on what it was not made for, but not on the data as given."""
    there = mapping.there(x)
    try:
        decoded = reconstruct_batch(model, encode_means(model, there).mean, there)
    except LatentAssayError:  # what a model says of other values is a verdict on them
        return torch.full((len(x),), torch.inf, dtype=torch.float64)
    error = (mapping.back(decoded).double() - x.double()).square().flatten(1).mean(1).cpu()
    return error.nan_to_num(nan=torch.inf, posinf=torch.inf)


def _summarise(
    mappings: list[Mapping],
    found: _Tried,
    facts: DataFacts,
    declared: Any,
) -> ValueRange:
    errors, spread = found.errors, found.spread
    variance = float(facts.std.square().mean())
    floored = errors + ROUNDING**2 * (variance + float(facts.mean.square().mean())) + 1e-300
    # A mapping that was given up is compared on the rows that it was tried on.
    tried = [~floored[:, k].isnan() for k in range(len(mappings))]
    gains = [error_ratio(floored[on, 0], floored[on, k]) for k, on in enumerate(tried)]
    lost = [error_ratio(floored[on, k], spread[on]) for k, on in enumerate(tried)]
    best = next(k for k, gain in enumerate(gains) if gain >= max(gains) / EVEN)
    guilty = exceeding([error_left(gain) for gain in gains[1:]], LEFT.serious, LEFT.direction)
    level = _level(gains[best], lost[0], lost[best], best > 0 and guilty[best - 1])
    if level in (*GRAVE, "unsure") and found.constant > BY_FAR * gains[best]:
        level = "note"
    expects = mappings[best].name if level in GRAVE else AS_GIVEN
    verdict = _verdict(level, best, mappings, gains, lost, facts)
    verdicts = [verdict, *_outside(facts, declared)]
    return ValueRange(
        names=tuple(mapping.name for mapping in mappings),
        errors=errors.nanmean(0),
        gains=tuple(gains),
        lost=tuple(lost),
        best=mappings[best].name,
        gain=gains[best],
        constant=found.constant,
        level=level,
        expects=expects,
        words=tuple(word for word, _ in verdicts),
        sentences=tuple(sentence for _, sentence in verdicts),
        facts=facts,
        n=len(errors),
        variant=VARIANT,
    )


def _level(gain: Estimate, lost: Estimate, lost_with_best: Estimate, guilty: bool) -> Level:
    """Grade a gain, where gains tell anything."""
    if lost <= NEGLIGIBLE:
        return "good"
    # A model that always answers the same gains, too, by a mapping that brings its answer near the mean of the data.
    if lost_with_best >= HOPELESS:
        return "note"
    level = grade(error_left(gain), LEFT)
    if level in GRAVE and not (guilty and (lost_with_best.high or 0.0) < 1):
        return "unsure"
    return level


def _verdict(
    level: Level, best: int, mappings: list[Mapping], gains: list[Estimate], lost: list[Estimate], facts: DataFacts
) -> tuple[str, str]:
    """What is to be said of the range, in a few words and in a sentence."""
    span = _span(facts)
    name, gain = f"“{mappings[best].name}”", _with_ends(gains[best])
    if level in GRAVE:
        return "expects another range", (
            f"The model seems to expect {mappings[best].expects}: given {span}, it reconstructs worse than with the "
            f"mapping {name}, by a factor of {gain} in squared error."
        )
    if lost[0] <= NEGLIGIBLE:
        kept = math.floor(1000 * (1 - lost[0])) / 10
        return "fits as given", f"The model takes {span} as they are: it keeps {kept:.4g} % of their variance or more."
    if lost[best] >= HOPELESS:
        return "reconstructs nothing", (
            f"The model reconstructs nothing of {span} under any mapping of them: what is lost with the best of "
            f"{len(mappings)}, {name}, is {_with_ends(lost[best])} times their variance. So the mappings do not tell "
            "which values it expects."
        )
    if level == "unsure":
        return "range unsure", (
            f"Whether the model takes {span} as they are is unsure: the mapping {name} divides the squared error by "
            f"{gain}."
        )
    if level == "note" and grade(error_left(gains[best]), LEFT) != "note":
        return "fits as given", (
            f"The model seems to take {span} as they are: the mapping {name} divides the squared error by {gain}, but "
            "taking a constant off the reconstructions divides it by more."
        )
    other = max(range(1, len(mappings)), key=lambda k: gains[k])
    if gains[other] < NO_GAIN:
        return "fits as given", f"The model takes {span} as they are: {_no_better(len(mappings) - 1)}."
    return "fits as given", (
        f"The model takes {span} as they are: of {len(mappings) - 1} mappings of them the best, "
        f"“{mappings[other].name}”, divides the squared error by {_with_ends(gains[other])}."
    )


def _no_better(count: int) -> str:
    return (
        f"none of {count} usual mappings of them lessens the error much"
        if count > 1
        else "the usual mapping does not lessen the error"
    )


def _with_ends(estimate: Estimate) -> str:
    return f"{estimate:.3g} (95 % interval {estimate.low:.3g} to {estimate.high:.3g})"


def give_way(found: ValueRange, lost: Estimate) -> ValueRange:
    """Return the same without a verdict on the range, if maps of the decodings lose clearly less of the data."""
    with_best = found.lost[found.names.index(found.best)]
    if found.level not in (*GRAVE, "unsure") or lost * CLEARLY > with_best:
        return found
    return _without_verdict(
        found,
        f"The range of {_span(found.facts)} is not what is wrong: with the mapping “{found.best}” "
        f"{100 * with_best:.3g} % of their variance are lost, with a map of the decodings less.",
    )


def deny(found: ValueRange) -> ValueRange:
    """Return the same without a verdict, because the decoder alone draws what lies as the data do."""
    return _without_verdict(
        found,
        f"The layout of {_span(found.facts)} is not what is wrong: the mapping “{found.best}” divides the squared "
        f"error by {found.gain:.3g}, but what the decoder draws of random latents lies as the data do.",
    )


def doubt(found: ValueRange) -> ValueRange:
    """Return the same, unsure, because what the decoder alone draws is as near to the data in both layouts."""
    sentence = (
        f"Whether {_span(found.facts)} lie as the model expects is unsure: the mapping “{found.best}” divides the "
        f"squared error by {found.gain:.3g}, but what the decoder draws of random latents may lie either way."
    )
    return _without_verdict(found, sentence)._replace(level="unsure", words=("range unsure", *found.words[1:]))


def _without_verdict(found: ValueRange, sentence: str) -> ValueRange:
    return found._replace(
        level="note",
        expects=AS_GIVEN,
        words=("fits as given", *found.words[1:]),
        sentences=(sentence, *found.sentences[1:]),
    )


def _span(facts: DataFacts) -> str:
    return f"data from {facts.low:.3g} to {facts.high:.3g}".replace("-", "−")


def _outside(facts: DataFacts, declared: Any) -> list[tuple[str, str]]:
    """Say that data lie beyond what the model says it takes, if they do."""
    if declared is None:
        return []
    low, high = (float(end) for end in declared)
    beyond = max(low - facts.low, facts.high - high) / (high - low)
    if beyond <= SLACK:
        return []
    sentence = (
        f"The model says it takes values from {low:g} to {high:g}, and the data run from {facts.low:.3g} to "
        f"{facts.high:.3g}."
    )
    return [("outside the declared range", sentence)]
