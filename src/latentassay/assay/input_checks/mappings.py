"""What may have to be done to observations before a model takes them: other ranges, other layouts."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from latentassay.core.observations import Observations, finite

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Means and standard deviations of the channels that many image models subtract and divide by."""

AS_GIVEN = "as given"
"""Name of the mapping that changes nothing."""

SLACK = 0.02
"""Data may leave a range by this share of its length and still count as lying in it."""

FULL = 0.95
"""Bytes that span this share of [0, 255] are bytes, and not numbers of another range that lies within."""

Transform = Callable[[Tensor], Tensor]
"""Observations ``(n, *x_shape)`` to observations."""


class Mapping(NamedTuple):
    """One way in which the data may have to be changed before the model takes them.

    Attributes:
        name: what is changed.
        expects: what the model would then expect, for a sentence.
        there: from the data as given to what the model would be given.
        back: the inverse, for its decodings.
        moves_values: whether it leaves all values as they are and only puts them elsewhere.
    """

    name: str
    expects: str
    there: Transform
    back: Transform
    moves_values: bool = False


class DataFacts(NamedTuple):
    """What is known of the rows without asking the model.

    Attributes:
        low: least value.
        high: greatest value.
        outside: share of values below 0 or above 1.
        mean: mean row, ``x_shape``.
        std: standard deviation of every value over rows, ``x_shape``.
        dtype: type of the data as they came.
    """

    low: float
    high: float
    outside: float
    mean: Tensor
    std: Tensor
    dtype: str


def mappings_for(facts: DataFacts, x_shape: tuple[int, ...]) -> list[Mapping]:
    """Return the mappings that data of this range and shape may need, "as given" first."""

    def within(low: float, high: float) -> bool:
        slack = SLACK * (high - low)
        return low - slack <= facts.low and facts.high <= high + slack

    unit, signed, bytes_ = within(0, 1), within(-1, 1), within(0, 255) and not within(0, 1)
    found = [Mapping(AS_GIVEN, "them as they are", lambda x: x, lambda x: x)]
    found += _affine("[0, 1] to [−1, 1]", "[−1, 1]", 2, -1) if unit else []
    found += _affine("[0, 1] to [0, 255]", "255 times as much", 255, 0) if unit else []
    # What lies in [0, 1] may be the bright half of [−1, 1].
    found += _affine("[−1, 1] to [0, 1]", "[0, 1]", 0.5, 0.5) if signed else []
    found += _affine("[−1, 1] to [0, 255]", "[0, 255]", 127.5, 127.5) if signed and not unit else []
    found += _affine("[0, 255] to [0, 1]", "[0, 1]", 1 / 255, 0) if bytes_ else []
    found += _affine("[0, 255] to [−1, 1]", "[−1, 1]", 1 / 127.5, -1) if bytes_ else []
    ends = next(
        (ends for holds, ends in ((unit, (0, 1)), (signed, (-1, 1)), (bytes_, (0, 255))) if holds),
        (facts.low, facts.high),
    )
    if not signed and not (bytes_ and facts.high - facts.low > FULL * 255):
        found += _of_ends(facts.low, facts.high)
    found += _affine("inverted", "dark for bright", -1, sum(ends))
    found += _of_images(facts, x_shape, unit) if len(x_shape) == 3 else []
    return found + _standardised(facts, x_shape)


def _of_ends(low: float, high: float) -> list[Mapping]:
    """From least and greatest value, whatever those are, to the two usual ranges."""
    if not high > low:
        return []
    scale, name = 1 / (high - low), f"[{low:.3g}, {high:.3g}]".replace("-", "−")
    unit = _affine(f"{name} to [0, 1]", "[0, 1]", scale, -low * scale)
    return unit + _affine(f"{name} to [−1, 1]", "[−1, 1]", 2 * scale, -2 * low * scale - 1)


def _affine(name: str, expects: str, scale: float | Tensor, offset: float | Tensor) -> list[Mapping]:
    def there(x: Tensor) -> Tensor:
        return x * _like(scale, x) + _like(offset, x)

    def back(x: Tensor) -> Tensor:
        return (x - _like(offset, x)) / _like(scale, x)

    return [Mapping(name, expects, there, back)]


def _like(value: float | Tensor, x: Tensor) -> float | Tensor:
    return value.to(x) if isinstance(value, Tensor) else value


def _of_images(facts: DataFacts, x_shape: tuple[int, ...], unit: bool) -> list[Mapping]:
    c, h, w = x_shape
    found = []
    if c == 3:
        mean, std = (torch.tensor(values, dtype=torch.float64)[:, None, None] for values in IMAGENET)
        if unit:
            found += _affine("ImageNet", "mean 0 and std 1 as of ImageNet", 1 / std, -mean / std)
        elif facts.low < 0 and max(-facts.low, facts.high) < 3:
            found += _affine("ImageNet undone", "[0, 1], without the mean and std of ImageNet", std, mean)
        found.append(_own_inverse("channels reversed", "BGR for RGB", partial(torch.flip, dims=(1,))))
    if c > 1:
        words = "what lies in memory channels last, as an array (h, w, c) reshaped instead of permuted does"
        found.append(Mapping("channels last", words, _permute, _reshape, moves_values=True))
    if h == w:
        turn = partial(torch.transpose, dim0=-2, dim1=-1)
        found.append(_own_inverse("transposed", "height and width exchanged", turn))
    return found


def _own_inverse(name: str, expects: str, transform: Transform) -> Mapping:
    return Mapping(name, expects, transform, transform, moves_values=True)


def _permute(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    return x.reshape(n, h, w, c).permute(0, 3, 1, 2)


def _reshape(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).reshape(x.shape)


def _standardised(facts: DataFacts, x_shape: tuple[int, ...]) -> list[Mapping]:
    """Standardise every column of vectors, or every channel; one that is constant is only centred."""
    mean, variance, name = facts.mean, facts.std.square(), "column"
    if len(x_shape) > 1:
        values, name = tuple(range(1, len(x_shape))), "channel"
        mean = mean.mean(values, keepdim=True)
        variance = (variance + (facts.mean - mean).square()).mean(values, keepdim=True)
    std = torch.where(variance > 0, variance, 1.0).sqrt()
    label = "standardised" if name == "column" else "standardised by channel"
    return _affine(label, f"every {name} with mean 0 and std 1", 1 / std, -mean / std)


def read_facts(observations: Observations, rows: tuple[Tensor, ...], dtype: str) -> DataFacts:
    """Read the rows once, part by part; ``dtype`` is what is known of their type, or empty.

    Raises:
        InputError: NaN or infinite values.
    """
    low, high, outside, count = math.inf, -math.inf, 0.0, 0
    sums = torch.zeros(2, *observations.x_shape, dtype=torch.float64)
    pivot: Tensor | None = None
    for part in rows:
        batch = finite(observations.batch(part), "data")
        x, dtype = batch.double(), dtype or str(batch.dtype).removeprefix("torch.")
        # Squares are summed about the first row: about 0, those of data far from it would lose their digits.
        pivot = x[0] if pivot is None else pivot
        low, high = min(low, float(x.min())), max(high, float(x.max()))
        outside += float(((x < 0) | (x > 1)).sum())
        sums += torch.stack([(x - pivot).sum(0), (x - pivot).square().sum(0)])
        count += len(x)
    first, second = sums / count
    mean, variance = first + (pivot if pivot is not None else 0.0), (second - first.square()).clamp(min=0)
    return DataFacts(
        low=low,
        high=high,
        outside=outside / (count * mean.numel()),
        mean=mean,
        std=variance.sqrt(),
        dtype=dtype,
    )
