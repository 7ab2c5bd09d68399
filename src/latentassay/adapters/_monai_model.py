"""MONAI's ``AutoencoderKL`` behind the door."""

from copy import copy

from torch import Tensor, nn

from latentassay.adapters._pictures import HOUSE_RANGE, Pictures, expect_latents, resized_prior
from latentassay.core.errors import ContractError
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

    def __init__(self, model: nn.Module, pictures: Pictures, prior: Prior | None, scale_factor: float):
        self._model, self._pictures, self._scale = model, pictures, scale_factor
        self.x_shape, self.latent_shape, self.prior = pictures.x_shape, pictures.latent_shape, prior
        self.torch_modules = (model,)
        self.space = "native latents (no scale_factor applied)"
        if scale_factor != 1:
            self.space = f"scaled latents (z · {scale_factor:g}, as a diffusion model sees them)"

    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior of pictures ``(n, channels, height, width)`` or of volumes."""
        answer = self._model.encode(self._pictures.inside(x))  # type: ignore[operator]
        if not (isinstance(answer, tuple | list) and len(answer) == 2):
            raise ContractError(f"encode returned a {type(answer).__name__}, expected MONAI's pair (mu, sigma)")
        # The second is σ already, unlike the log σ² that most encoders return.
        mean, sigma = answer
        self._pictures.expect_mean(mean, "channels", "wrap it with la.from_torch(..., output='mean_std')")
        return DiagonalGaussian(mean, sigma) if self._scale == 1 else self._scaled(mean, sigma)

    def _scaled(self, mean: Tensor, sigma: Tensor) -> Posterior:
        return DiagonalGaussian(mean * self._scale, sigma * self._scale)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures in [0, 1], not clamped, for latents in the model's chosen space."""
        expect_latents(z, self.latent_shape)
        decoded = self._model.decode(z if self._scale == 1 else z / self._scale)  # type: ignore[operator]
        if not isinstance(decoded, Tensor):
            raise ContractError(f"decode returned a {type(decoded).__name__}, expected one tensor, as MONAI does")
        return self._pictures.pixels.outside(decoded)

    def resized(self, x_shape: tuple[int, ...], latent_shape: tuple[int, ...]) -> "MonaiModel":
        """Return the same model for pictures of another size."""
        other = copy(self)
        other.latent_shape, other.prior = latent_shape, resized_prior(self.prior, latent_shape)
        other.x_shape, other._pictures = x_shape, self._pictures._replace(x_shape=x_shape, latent_shape=latent_shape)
        return other
