"""What image guests share: pictures in [0, 1] outside, the model's own range inside, and sizes checked in words."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Prior, StandardNormal

HOUSE_RANGE = (0.0, 1.0)
"""The range in which image guests take and return observations; decodings are not clamped to it."""


class PixelRange(NamedTuple):
    """The range of the model behind a guest: 0 becomes ``low``, 1 becomes ``high``.

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
    """Refuse a batch that is not ``(n, *x_shape)``, and say how to mend it.

    Raises:
        InputError: channels last, another number of channels, another size, or no batch dimension.
    """
    if tuple(x.shape[1:]) == x_shape:
        return
    if x.ndim != len(x_shape) + 1:
        raise InputError(f"expected a batch of pictures (n, {', '.join(map(str, x_shape))}), got {tuple(x.shape)}")
    _expect_channels(tuple(x.shape[1:]), x_shape[0], "the batch")
    raise InputError(
        f"this guest was made for pictures {x_shape}, got {tuple(x.shape[1:])}; "
        f"make one for them with x_shape={tuple(x.shape[1:])}, or resize the pictures"
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
