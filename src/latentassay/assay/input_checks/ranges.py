"""Do observations come in the range, and in the layout, that the model was made for?"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.assay.input_checks.mappings import AS_GIVEN, SLACK, DataFacts, Mapping, mappings_for, read_facts
from latentassay.core.autoencoder import Autoencoder, eval_mode, to_model
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import as_observations, finite
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.stats.intervals import student

BATCH_SIZE = 32
"""Rows at a time."""

GAIN = 1.5
"""A mapping must make the error smaller by at least this factor before it is believed."""

ROUNDING = 1e-5
"""Errors below this share of the size of x are rounding."""

NEGLIGIBLE = 1e-3
"""Data that leave less than this share of their variance unexplained as they are have no fault that matters."""

VARIANT = (
    "posterior means; mean squared error per value in the units of the data as given; gain = error as given / error "
    "with the mapping, paired by rows, interval of its logarithm (linearised, Student's t)"
)


class ValueRange(NamedTuple):
    """With which mapping of the data the model reconstructs best; arrays are tensors.

    Attributes:
        names: the mappings that were tried, ``"as given"`` first.
        errors: mean squared error per value with each, ``(mappings,)``; infinite where the model fails or answers
            with NaN.
        gains: error as given over error with each mapping; intervals are over rows.
        best: the mapping with the least error.
        gain: its gain; 1 if it is ``"as given"``.
        expects: the mapping to believe: ``best`` if its gain is at least ``GAIN``, its interval excludes 1, its
            error is below the variance of the data, and the error as given is above a ``NEGLIGIBLE`` share of that;
            or else ``"as given"``.
        words: "fits as given" or "expects another range", and "outside the declared range" where the model says what
            it takes (``value_range``) and data exceed that by more than ``SLACK`` of its length.
        sentences: the same with their numbers.
        facts: least and greatest value, share outside [0, 1], type.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    names: tuple[str, ...]
    errors: Float[Tensor, " mappings"]
    gains: tuple[Estimate, ...]
    best: str
    gain: Estimate
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
    the data allow it: [0, 1], [−1, 1] and [0, 255] from one another, mean and std of ImageNet and their inverse, x
    upside down in its range, channels in reverse order, memory read with channels last, height and width exchanged,
    and for vectors every column standardised. A model that does as well with several, such as one of ReLUs without
    biases, is not blamed.

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
    errors = torch.empty(n, len(mappings), dtype=torch.float64)
    with eval_mode(model), bar(n * len(mappings), "value range", unit="rows") as progress:
        for start, part in zip(range(0, n, batch_size), rows, strict=True):
            x = to_model(model, observations.batch(part))
            for k, mapping in enumerate(mappings):
                errors[start : start + len(part), k] = _error(model, x, mapping)
                progress.update(len(part))
    return _summarise(mappings, errors, facts, getattr(model, "value_range", None))


def _error(model: Any, x: Tensor, mapping: Mapping) -> Float[Tensor, " n"]:
    """Mean squared error of every row; a model may fail on what it was not made for, but not on the data as given."""
    try:
        back = mapping.back(model.decode(model.encode(mapping.there(x)).mean))
    except Exception:  # whatever a foreign model throws at other values is a verdict on them
        if mapping.name == AS_GIVEN:
            raise
        return torch.full((len(x),), torch.inf, dtype=torch.float64)
    error = (back.double() - x.double()).square().flatten(1).mean(1).cpu()
    if mapping.name == AS_GIVEN:
        return finite(error, "errors of reconstructions")
    return error.nan_to_num(nan=torch.inf, posinf=torch.inf)


def _summarise(
    mappings: list[Mapping], errors: Float[Tensor, "n mappings"], facts: DataFacts, declared: Any
) -> ValueRange:
    variance = float(facts.std.square().mean())
    floored = errors + ROUNDING**2 * (variance + float(facts.mean.square().mean())) + 1e-300
    gains = [_gain(floored[:, 0], floored[:, k]) for k in range(len(mappings))]
    best = int(torch.tensor(gains, dtype=torch.float64).argmax())
    # A model that always answers the same gains, too, by a mapping that brings its answer near the mean of the data.
    matters = float(errors[:, 0].mean()) > NEGLIGIBLE * variance and float(errors[:, best].mean()) < variance
    sure = gains[best] >= GAIN and (gains[best].low or 0.0) > 1
    believed = mappings[best] if matters and sure else mappings[0]
    verdicts = [_verdict(believed, mappings, gains, facts), *_outside(facts, declared)]
    return ValueRange(
        names=tuple(mapping.name for mapping in mappings),
        errors=errors.mean(0),
        gains=tuple(gains),
        best=mappings[best].name,
        gain=gains[best],
        expects=believed.name,
        words=tuple(word for word, _ in verdicts),
        sentences=tuple(sentence for _, sentence in verdicts),
        facts=facts,
        n=len(errors),
        variant=VARIANT,
    )


def _gain(plain: Float[Tensor, " n"], mapped: Float[Tensor, " n"]) -> Estimate:
    """Ratio of sums of errors; its logarithm is linearised, so that the interval cannot reach 0."""
    n = len(plain)
    if not bool(torch.isfinite(mapped).all()):
        return Estimate(0.0, low=0.0, high=0.0, n=n)
    gain = float(plain.sum() / mapped.sum())
    stderr = float((plain - gain * mapped).std() / plain.mean()) / n**0.5
    half = math.exp(min(float(student(torch.tensor([n - 1.0]))) * stderr, 700.0))
    return Estimate(gain, low=gain / half, high=gain * half, n=n)


def _verdict(believed: Mapping, mappings: list[Mapping], gains: list[Estimate], facts: DataFacts) -> tuple[str, str]:
    span = f"data from {facts.low:.3g} to {facts.high:.3g}"
    k, gain = max(enumerate(gains[1:], start=1), key=lambda item: item[1])
    by = f"{gain:.3g} (95 % interval {gain.low:.3g} to {gain.high:.3g})"
    if believed.name != AS_GIVEN:
        return "expects another range", (
            f"The model seems to expect {believed.expects}: given {span}, it reconstructs worse than with the mapping "
            f"“{believed.name}”, by a factor of {by} in squared error."
        )
    return "fits as given", (
        f"The model takes {span} as they are: no mapping reconstructs clearly better; the best other, "
        f"“{mappings[k].name}”, divides the squared error by {by}."
    )


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
