"""Is what the decoder returns on the scale of the data, or does it lack a last step such as a sigmoid?"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.assay.input_checks.gains import error_left, error_ratio
from latentassay.assay.input_checks.mappings import IMAGENET, SLACK, DataFacts, read_facts
from latentassay.core.autoencoder import Autoencoder, eval_mode, to_model
from latentassay.core.estimate import Estimate
from latentassay.core.guard import encode_means, reconstruct_batch
from latentassay.core.levels import GRAVE, Bounds, Level, exceeding, grade
from latentassay.core.observations import as_observations, finite
from latentassay.core.randomness import as_generator

BATCH_SIZE = 32
"""Rows at a time."""

LEFT = Bounds(1.0, 0.5, 1 / 3, "share of the squared error that is left with the best map of decodings", 1 / 3)
"""What a map of decodings must gain over them as they are, and over them less a constant, before it is believed."""

SOUND = 0.4
"""And with it the model must lose no more than this share of the variance of the data, beyond doubt."""

BY_FAR, SOUND_ENOUGH = 10.0, 0.8
"""Or, where it gains so much beyond doubt, no more than this share: of the two only one can be what was meant."""

SIMPLEX = 1e-3
"""Values sum to 1 if they miss it by no more than this."""


class OutputMap(NamedTuple):
    """One last step that a decoder may lack.

    Attributes:
        name: what decodings would be, for a sentence.
        code: the step as Python, of ``decode(z)``.
        function: decodings to observations.
    """

    name: str
    code: str
    function: Callable[[Tensor], Tensor]


class OutputScale(NamedTuple):
    """With which last step decodings come nearest to the data.

    Attributes:
        names: the maps that were tried.
        gains: squared error of decodings as they are over that with each map; or, where that is less, squared error
            of decodings less a constant over it. Intervals are over rows.
        best: the map with the least error.
        code: what it is in Python.
        gain: its gain.
        lost: share of the variance of the data that is lost with it.
        level: of the error that it leaves, 1 / ``gain``, against ``LEFT``; a "note" if ``lost`` is not below ``SOUND``,
            or ``SOUND_ENOUGH`` where the gain is great.
        n: number of rows.
    """

    names: tuple[str, ...]
    gains: tuple[Estimate, ...]
    best: str
    code: str
    gain: Estimate
    lost: Estimate
    level: Level
    n: int


def output_scale(
    model: Autoencoder, data: Any, *, generator: Generator | int = 0, n: int = 64, batch_size: int = BATCH_SIZE
) -> OutputScale | None:
    """Try last steps that decoders are often wrapped without, on the decoder's output alone: ``‖x − f(D(E(x)))‖²``.

    Tried are, where the data allow it: sigmoid, tanh, exp, expm1 and softplus, softmax over what sums to 1, changes
    between [0, 1], [−1, 1] and [0, 255], and means and standard deviations of columns (or channels) of the data, or of
    ImageNet, put back. Unlike in ``value_range`` the encoder gets the data as they are. A map is believed if it
    leaves little error in absolute terms, too, and if taking a constant off would not do as well.

    Args:
        model: an autoencoder.
        data: an array or tensor ``(rows, *x_shape)`` or ``Observations``.
        generator: chooses the rows; or a seed.
        n: rows to use, at most.
        batch_size: rows at a time.

    Returns:
        What was found, or ``None`` where the data allow no map.

    Raises:
        InputError: unusable data, or reconstructions that are NaN or infinite.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x.logit(), lambda z: z, latent_shape=(4,))
    >>> x = torch.rand(50, 4, generator=torch.Generator().manual_seed(0))
    >>> output_scale(model, x).best
    'logits'
    """
    observations = as_observations(data)
    rows = torch.split(torch.randperm(len(observations), generator=as_generator(generator))[:n], batch_size)
    facts = read_facts(observations, rows, "")
    with eval_mode(model):
        maps = maps_for(facts, observations.batch(rows[0]).double())
        if not maps:
            return None
        parts = []
        residual = torch.zeros(observations.x_shape, dtype=torch.float64)
        for part in rows:
            x = to_model(model, observations.batch(part))
            decoded = finite(reconstruct_batch(model, encode_means(model, x).mean, x), "reconstructions").double().cpu()
            x = x.double().cpu()
            residual += (x - decoded).sum(0)
            columns = [x - facts.mean, x - decoded, *(x - one.function(decoded) for one in maps)]
            parts.append(torch.stack([column.square().flatten(1).mean(1) for column in columns], 1))
    errors = torch.cat(parts).nan_to_num(nan=torch.inf, posinf=torch.inf)
    constant = float((residual / len(errors)).square().mean())
    return _summarise(maps, errors, constant)


def _summarise(maps: list[OutputMap], columns: Float[Tensor, "n m"], constant: float) -> OutputScale:
    spread, plain, errors = columns[:, 0], columns[:, 1], columns[:, 2:]
    errors = errors + 1e-10 * spread.mean() + 1e-300
    # Taking a constant off makes the same error smaller by one factor; where that is much, no map need be at work.
    share = max(0.0, 1 - constant / float(plain.mean())) if float(plain.mean()) > 0 else 1.0
    gains = [error_ratio(share * plain, error) for error in errors.T]
    best = int(torch.tensor(gains, dtype=torch.float64).argmax())
    lost = error_ratio(errors[:, best], spread)
    guilty = exceeding([error_left(gain) for gain in gains], LEFT.serious, LEFT.direction)[best]
    level = grade(error_left(gains[best]), LEFT)
    sound = SOUND_ENOUGH if (gains[best].low or 0.0) > BY_FAR else SOUND
    if (lost.high or 0.0) > sound:
        level = "note"
    elif level in GRAVE and not guilty:
        level = "unsure"
    return OutputScale(
        names=tuple(one.name for one in maps),
        gains=tuple(gains),
        best=maps[best].name,
        code=maps[best].code,
        gain=gains[best],
        lost=lost,
        level=level,
        n=len(columns),
    )


def maps_for(facts: DataFacts, x: Float[Tensor, "n *x"]) -> list[OutputMap]:
    """Return the last steps that a decoder of data like these may lack; ``x`` is some of them."""
    low, high = facts.low, facts.high
    unit, signed = low >= -SLACK and high <= 1 + SLACK, -1 - SLACK <= low < -SLACK and high <= 1 + SLACK
    found: list[OutputMap] = []
    if unit:
        found.append(OutputMap("logits", "decode(z).sigmoid()", torch.sigmoid))
        found.append(OutputMap("values in [−1, 1]", "(decode(z) + 1) / 2", lambda y: (y + 1) / 2))
        found.append(OutputMap("values in [0, 255]", "decode(z) / 255", lambda y: y / 255))
        found += _imagenet(x)
    if signed:
        found.append(OutputMap("values in [0, 1]", "2 * decode(z) - 1", lambda y: 2 * y - 1))
        found.append(OutputMap("values before a tanh", "decode(z).tanh()", torch.tanh))
        found.append(OutputMap("values in [0, 255]", "decode(z) / 127.5 - 1", lambda y: y / 127.5 - 1))
    if low >= -SLACK and SLACK * 255 < high <= 255 * (1 + SLACK):
        found.append(OutputMap("values in [0, 1]", "255 * decode(z)", lambda y: 255 * y))
        found.append(OutputMap("values in [−1, 1]", "127.5 * (decode(z) + 1)", lambda y: 127.5 * (y + 1)))
    simplex = _simplex(x, low)
    if low >= 0 and not simplex:
        found.append(OutputMap("logarithms", "decode(z).exp()", torch.exp))
        found.append(OutputMap("logarithms of 1 + x", "decode(z).expm1()", torch.expm1))
        found.append(OutputMap("values before a softplus", "softplus(decode(z))", torch.nn.functional.softplus))
    return [*found, *simplex, *_standardised(facts)]


def _imagenet(x: Tensor) -> list[OutputMap]:
    if x.ndim != 4 or x.shape[1] != 3:
        return []
    mean, std = (torch.tensor(values, dtype=torch.float64)[:, None, None] for values in IMAGENET)
    code = "decode(z) * std + mean  # of ImageNet"
    return [OutputMap("values with mean and std of ImageNet taken off", code, _affine(std, mean))]


def _simplex(x: Tensor, low: float) -> list[OutputMap]:
    """Softmax over the channels of pictures, or the values of vectors, if they sum to 1."""
    if low < 0 or x.shape[1] < 2 or float((x.sum(1) - 1).abs().max()) > SIMPLEX:
        return []
    return [OutputMap("log-probabilities", "decode(z).softmax(1)", lambda y: y.softmax(1))]


def _standardised(facts: DataFacts) -> list[OutputMap]:
    """Means and standard deviations of the data put back, by column and, of pictures, by channel; or over all."""
    mean, variance = facts.mean, facts.std.square()
    places = tuple(range(1, mean.ndim))
    ways = {} if places else {"column": (mean, variance)}
    for name, dims in {"channel": places, "value": tuple(range(mean.ndim))}.items():
        if dims:
            centre = mean.mean(dims, keepdim=True)
            ways[name] = centre, (variance + (mean - centre).square()).mean(dims, keepdim=True)
    code = "decode(z) * std + mean  # of the data"
    return [
        OutputMap(f"standardised values ({name} by {name})", code, _affine(v.sqrt(), m))
        for name, (m, v) in ways.items()
        if float((m.square() + (v - 1).square()).mean()) > SLACK  # what is standardised already needs nothing
    ]


def _affine(scale: Tensor, offset: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda y: y * scale + offset
