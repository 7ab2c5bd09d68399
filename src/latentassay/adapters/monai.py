"""MONAI's ``AutoencoderKL``, in two or three dimensions."""

import math
from typing import Any

from torch import Tensor, nn

from latentassay.adapters.images import (
    HOUSE_RANGE,
    PixelRange,
    as_image_shape,
    as_pixel_range,
    as_prior,
    expect_images,
    expect_latents,
    expect_weights,
)
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, Posterior, Prior


class MonaiModel:
    """MONAI's autoencoder behind the door; made by ``from_monai``.

    Attributes:
        adapter: framework and class.
        space: in which latent space it works, in one clause.
        value_range: what it takes and returns; the model's own range is applied inside.
        x_shape: the pictures or volumes it was made for.
    """

    adapter, value_range = "MONAI AutoencoderKL", HOUSE_RANGE

    def __init__(
        self,
        model: nn.Module,
        x_shape: tuple[int, ...],
        latent_shape: tuple[int, ...],
        prior: Prior | None,
        scale_factor: float,
        pixels: PixelRange,
    ):
        self._model, self._scale, self._pixels = model, scale_factor, pixels
        self.x_shape, self.latent_shape, self.prior = x_shape, latent_shape, prior
        self.torch_modules = (model,)
        self.space = "native latents (no scale_factor applied)"
        if scale_factor != 1:
            self.space = f"scaled latents (z · {scale_factor:g}, as a diffusion model sees them)"

    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior of pictures ``(n, channels, height, width)`` or of volumes."""
        expect_images(x, self.x_shape)
        answer = self._model.encode(self._pixels.inside(x))  # type: ignore[operator]
        if not (isinstance(answer, tuple | list) and len(answer) == 2):
            raise ContractError(f"encode returned a {type(answer).__name__}, expected MONAI's pair (mu, sigma)")
        # The second is σ already, unlike the log σ² that most encoders return.
        mean, sigma = answer
        if tuple(mean.shape[1:]) != self.latent_shape:
            raise ContractError(
                f"by its channels the model has latents {self.latent_shape} for pictures {self.x_shape}, "
                f"but encode returned {tuple(mean.shape[1:])}; wrap it with la.from_torch(..., output='mean_std')"
            )
        return DiagonalGaussian(mean, sigma) if self._scale == 1 else self._scaled(mean, sigma)

    def _scaled(self, mean: Tensor, sigma: Tensor) -> Posterior:
        return DiagonalGaussian(mean * self._scale, sigma * self._scale)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures in [0, 1], not clamped, for latents in this guest's space."""
        expect_latents(z, self.latent_shape)
        decoded = self._model.decode(z if self._scale == 1 else z / self._scale)  # type: ignore[operator]
        if not isinstance(decoded, Tensor):
            raise ContractError(f"decode returned a {type(decoded).__name__}, expected one tensor, as MONAI does")
        return self._pixels.outside(decoded)


def from_monai(
    model: Any,
    *,
    x_shape: Any,
    prior: Any = None,
    scale_factor: float | int = 1.0,
    value_range: Any = (0.0, 1.0),
) -> MonaiModel:
    """Bring a MONAI ``AutoencoderKL`` behind the door.

    Pictures go in and come out in [0, 1]. The model does not keep the size it was trained on, so ``x_shape`` must be
    given.

    Args:
        model: the model, with weights.
        x_shape: shape of one picture ``(channels, height, width)``, or of a volume if the model has three dimensions.
        prior: ``"normal"`` for N(0, I), another ``Prior``, or ``None``.
        scale_factor: work on ``z · scale_factor``, as MONAI's ``LatentDiffusionInferer`` does; 1 is the native space.
        value_range: the values that the model itself was trained on; MONAI's ``ScaleIntensity`` gives (0, 1).

    Raises:
        ContractError: another class, no weights, half precision on the CPU, or channels that differ between in and out.
        InputError: an argument is not of its kind, or the strides do not divide ``x_shape``.
    """
    _expect_monai(model)
    expect_weights(model, "AutoencoderKL")
    if not (math.isfinite(scale_factor) and scale_factor > 0):
        raise InputError(f"scale_factor must be a positive number, got {scale_factor!r}")
    encoder = model.encoder
    dims, stride = encoder.spatial_dims, 2 ** (len(encoder.channels) - 1)
    shape = as_image_shape(x_shape, channels=encoder.in_channels, stride=stride, dims=dims)
    latent_shape = (model.latent_channels, *(size // stride for size in shape[1:]))
    pixels = as_pixel_range(value_range)
    return MonaiModel(model, shape, latent_shape, as_prior(prior, latent_shape), float(scale_factor), pixels)


def _expect_monai(model: Any) -> None:
    """Know the class without importing MONAI: if the model is one of its, that has happened."""
    if not any(
        base.__module__.startswith("monai.") and base.__name__ == "AutoencoderKL" for base in type(model).__mro__
    ):
        raise ContractError(
            f"{type(model).__name__} is no MONAI AutoencoderKL; wrap it with la.from_torch(encode, decode, "
            "latent_shape=...), and output='mean_std' if it returns (mu, sigma)"
        )
    ins, outs = model.encoder.in_channels, model.decoder.out_channels
    if ins != outs:
        raise ContractError(
            f"AutoencoderKL turns {ins} channels into {outs}; an autoencoder must return what it was given"
        )
