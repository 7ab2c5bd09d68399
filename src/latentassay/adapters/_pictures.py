"""What adapters of image models share: pictures in [0, 1] outside, the model's own range inside, sizes checked."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Prior, StandardNormal

HOUSE_RANGE = (0.0, 1.0)
"""The range in which image models behind the door take and return observations; decodings are not clamped to it."""


class PixelRange(NamedTuple):
    """The range of the model behind an adapter: 0 becomes ``low``, 1 becomes ``high``.

    >>> PixelRange(-1.0, 1.0).inside(torch.tensor([0.0, 0.5, 1.0]))
    tensor([-1.,  0.,  1.])
    """

    low: float
    high: float

    def inside(self, x: Tensor) -> Tensor:
        """From [0, 1] to the model's range."""
        return x if tuple(self) == HOUSE_RANGE else x * (self.high - self.low) + self.low

    def outside(self, x: Tensor) -> Tensor:
        """From the model's range to [0, 1]."""
        return x if tuple(self) == HOUSE_RANGE else (x - self.low) / (self.high - self.low)


class Pictures(NamedTuple):
    """Sizes and values of a model of pictures or volumes.

    Attributes:
        x_shape: one picture, ``(channels, height, width)``, or one volume.
        latent_shape: one latent, ``(channels, height / stride, width / stride)``.
        pixels: the values that the model was trained on.
    """

    x_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    pixels: PixelRange

    def inside(self, x: Tensor) -> Tensor:
        """Check a batch ``(n, *x_shape)`` in [0, 1] and bring it to the model's range.

        Raises:
            InputError: another shape.
        """
        expect_images(x, self.x_shape)
        return self.pixels.inside(x)

    def expect_mean(self, mean: Tensor, source: str, fix: str) -> None:
        """Refuse an encoder's answer of another shape than the config led to expect.

        Raises:
            ContractError: another shape; ``source`` says where the expectation comes from.
        """
        if tuple(mean.shape[1:]) != self.latent_shape:
            raise ContractError(
                f"by its {source} the model has latents {self.latent_shape} for pictures {self.x_shape}, "
                f"but encode returned {tuple(mean.shape[1:])}; {fix}"
            )


def as_pictures(
    x_shape: Any, value_range: Any, *, channels: int, latent_channels: int, stride: int, dims: int = 2
) -> Pictures:
    """Read the sizes and the range that a user stated, for a convolutional model that divides sizes by ``stride``.

    Raises:
        InputError: see ``as_image_shape`` and ``as_pixel_range``.
    """
    shape = as_image_shape(x_shape, channels=channels, stride=stride, dims=dims)
    latent_shape = (int(latent_channels), *(size // stride for size in shape[1:]))
    return Pictures(shape, latent_shape, as_pixel_range(value_range))


def size_of_pictures(path: Path, channels: int, size: int | None, dims: int = 2) -> tuple[int, ...]:
    """Return the shape of pictures, of which ``--size`` on the command line says height and width.

    Raises:
        InputError: no size was stated.
    """
    if size is None:
        raise InputError(f"the config in {path} does not say how large pictures are; say --size 64, for example")
    return (channels, *[size] * dims)


def as_pixel_range(value_range: Any) -> PixelRange:
    """Read ``(low, high)``.

    Raises:
        InputError: it is not two finite numbers in rising order.
    """
    try:
        low, high = (float(end) for end in value_range)
    except (TypeError, ValueError) as error:
        raise InputError(f"value_range must be (low, high), such as (-1, 1), got {value_range!r}") from error
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"value_range must be finite with low below high, got {value_range!r}")
    return PixelRange(low, high)


def as_image_shape(x_shape: Any, *, channels: int, stride: int, dims: int = 2) -> tuple[int, ...]:
    """Read the shape of one picture, ``(channels, height, width)``, that the model's strides divide.

    Raises:
        InputError: another number of dimensions or channels, or a size that the strides do not divide.
    """
    try:
        shape = tuple(int(size) for size in x_shape)
    except (TypeError, ValueError) as error:
        raise InputError(f"x_shape must be (channels, height, width), got {x_shape!r}") from error
    if len(shape) != dims + 1 or min(shape) < 1:
        sizes = ", ".join(("depth", "height", "width")[-dims:])
        raise InputError(f"x_shape must be (channels, {sizes}), positive and without the batch, got {shape}")
    _expect_channels(shape, channels, "x_shape")
    if any(size % stride for size in shape[1:]):
        fitting = (shape[0], *(max(size // stride, 1) * stride for size in shape[1:]))
        raise InputError(
            f"the model's strides divide pictures by {stride}, which {shape} does not allow; "
            f"crop or resize to e.g. {fitting}"
        )
    return shape


def expect_images(x: Tensor, x_shape: tuple[int, ...]) -> None:
    """Refuse a batch that is not ``(n, *x_shape)``, and say how to fix it.

    Raises:
        InputError: channels last, another number of channels, another size, or no batch dimension.
    """
    if tuple(x.shape[1:]) == x_shape:
        return
    if x.ndim != len(x_shape) + 1:
        raise InputError(f"expected a batch of pictures (n, {', '.join(map(str, x_shape))}), got {tuple(x.shape)}")
    _expect_channels(tuple(x.shape[1:]), x_shape[0], "the batch")
    raise InputError(
        f"this model was made for pictures {x_shape}, got {tuple(x.shape[1:])}; "
        f"wrap it again with x_shape={tuple(x.shape[1:])}, or resize the pictures"
    )


def _expect_channels(shape: tuple[int, ...], channels: int, what: str) -> None:
    if shape[0] == channels:
        return
    if shape[-1] == channels:
        order = ", ".join(map(str, (0, len(shape), *range(1, len(shape)))))
        raise InputError(
            f"{what} seems to have its channels last ({shape}); the model takes channels first: x.permute({order})"
        )
    hint = f"; repeat the grey channel with x.repeat_interleave({channels}, 1)" if shape[0] == 1 else ""
    raise InputError(f"the model takes {channels} channels, but {what} has {shape[0]} ({shape}){hint}")


def expect_latents(z: Tensor, latent_shape: tuple[int, ...]) -> None:
    """Refuse latents that are not ``(n, *latent_shape)``.

    Raises:
        InputError: another shape.
    """
    if tuple(z.shape[1:]) != latent_shape:
        raise InputError(f"latents must have shape (n, {', '.join(map(str, latent_shape))}), got {tuple(z.shape)}")


def expect_weights(model: nn.Module, name: str) -> None:
    """Refuse a model without weights, or one whose weights are too coarse for the processor.

    Raises:
        ContractError: on the meta device, or in half precision on a CPU.
    """
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_meta:
            raise ContractError(f"{name} is on the meta device and has no weights; load them first")
        if tensor.device.type == "cpu" and tensor.is_floating_point() and tensor.element_size() < 4:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise ContractError(
                f"{name} has {kind} weights on the CPU, where they are slow and too coarse to measure responses with; "
                "call model.float() first"
            )


def resized_prior(prior: Prior | None, latent_shape: tuple[int, ...]) -> Prior | None:
    """Return the same prior of latents of another shape.

    Raises:
        ContractError: one that is not known for other shapes.
    """
    if prior is None or isinstance(prior, StandardNormal):
        return prior and StandardNormal(latent_shape)
    raise ContractError(f"a prior of class {type(prior).__name__} is not known for latents {latent_shape}")


def as_prior(prior: Any, latent_shape: Sequence[int]) -> Prior | None:
    """Read ``"normal"`` as N(0, I); pass a ``Prior`` or ``None`` through.

    Raises:
        InputError: anything else.
    """
    if prior is None or (not isinstance(prior, str) and isinstance(prior, Prior)):
        return prior
    if prior != "normal":
        raise InputError(f"prior must be 'normal', a Prior or None, got {prior!r}")
    return StandardNormal(tuple(latent_shape))
