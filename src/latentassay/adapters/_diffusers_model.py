"""An autoencoder of diffusers behind the door, and the latent spaces in which it can work."""

import math
from copy import copy
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from latentassay.adapters._pictures import HOUSE_RANGE, Pictures, expect_latents, resized_prior
from latentassay.core.codebooks import nearest_entries
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, Point, Posterior, Prior

SPACES = ("native", "scaled", "unit")


class Space(NamedTuple):
    """A latent space seen from the native one: ``(z − centre) · gain``, clamped to [0, 1] in the unit space."""

    words: str
    centre: float | Tensor
    gain: float | Tensor
    clamped: bool = False

    @property
    def is_native(self) -> bool:
        """Whether nothing is to be done."""
        return isinstance(self.gain, float) and (self.centre, self.gain) == (0.0, 1.0)

    def inside(self, z: Tensor) -> Tensor:
        """From this space to the native one."""
        if self.is_native:
            return z
        return z / _like(self.gain, z) + _like(self.centre, z)

    def outside(self, q: Posterior) -> Posterior:
        """From a native posterior to this space; the standard deviation is scaled likewise."""
        if self.is_native:
            return q
        gain: Any = _like(self.gain, q.mean)
        mean = (q.mean - _like(self.centre, q.mean)) * gain
        if isinstance(q, DiagonalGaussian):
            return DiagonalGaussian(mean, q.scale * abs(gain))
        return Point(mean.clamp(0, 1) if self.clamped else mean)


def _like(part: float | Tensor, z: Tensor) -> float | Tensor:
    return part.to(z) if isinstance(part, Tensor) else part


class DiffusersModel:
    """One of diffusers' autoencoders behind the door; made by ``from_diffusers``.

    Attributes:
        adapter: framework and class.
        space: in which latent space it works, in one clause.
        value_range: what it takes and returns; the model's own range is applied inside.
        x_shape: the pictures it was made for.
        codebook: entries ``(k, channels)`` of a ``VQModel``, in that space; other classes have neither this
        quantise: nor this function, latents → number of the entry of every place.
    """

    value_range = HOUSE_RANGE

    def __init__(
        self,
        model: nn.Module,
        kind: str,
        pictures: Pictures,
        prior: Prior | None,
        space: Space,
    ):
        self._model, self._pictures, self._space = model, pictures, space
        self.adapter, self.space = f"diffusers {kind}", space.words
        self.x_shape, self.latent_shape, self.prior = pictures.x_shape, pictures.latent_shape, prior
        self.torch_modules = (model,)
        if kind == "VQModel":  # only quantised models have these, so that one can see which are
            entries: Any = getattr(model, "quantize").embedding.weight  # noqa: B009
            self.codebook = space.outside(Point(entries.detach()[..., None, None])).mean[..., 0, 0]
            self.quantise = partial(nearest_entries, codebook=self.codebook)

    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior (``AutoencoderKL``) or the code of pictures ``(n, channels, height, width)``."""
        q = _posterior(self._model.encode(self._pictures.inside(x)))  # type: ignore[operator]
        self._pictures.expect_mean(q.mean, "config", "was the model changed after it was made?")
        return self._space.outside(q)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures in [0, 1], not clamped, for latents in the model's chosen space."""
        expect_latents(z, self.latent_shape)
        answer = self._model.decode(self._space.inside(z))  # type: ignore[operator]
        return self._pictures.pixels.outside(_field(answer, ("sample",), "decode"))

    def resized(self, x_shape: tuple[int, ...], latent_shape: tuple[int, ...]) -> "DiffusersModel":
        """Return the same model for pictures of another size."""
        other = copy(self)
        other.latent_shape, other.prior = latent_shape, resized_prior(self.prior, latent_shape)
        other.x_shape, other._pictures = x_shape, self._pictures._replace(x_shape=x_shape, latent_shape=latent_shape)
        return other


def read_space(kind: str, config: Any, space: Any, channels: int) -> Space:
    """Return the latent space that a user chose, with the numbers that the config has for it.

    Raises:
        InputError: none of the three, or one that the class does not have.
        ContractError: the config's numbers are unusable.
    """
    if space not in SPACES:
        raise InputError(f"space must be 'native', 'scaled' or 'unit', got {space!r}")
    if space == "unit":
        return _unit(kind, config)
    chosen = _scaled(config, channels) if space == "scaled" else Space(_native_words(config), 0.0, 1.0)
    if kind != "VQModel":
        return chosen
    codes = config["num_vq_embeddings"]
    return chosen._replace(words=f"{chosen.words}; decode moves every position to the nearest of {codes} code vectors")


def _unit(kind: str, config: Any) -> Space:
    if kind != "AutoencoderTiny":
        raise InputError(f"space='unit' is AutoencoderTiny's; {kind} has 'native' and 'scaled'")
    width, shift = 2.0 * config["latent_magnitude"], float(config["latent_shift"])
    words = f"unit latents (z / {width:g} + {shift:g}, clamped to [0, 1], as they are stored in pictures)"
    return Space(words, -shift * width, 1 / width, clamped=True)


def _factor(config: Any) -> float:
    factor = config.get("scaling_factor")
    return 1.0 if factor is None else float(factor)


def _native_words(config: Any) -> str:
    factor = _factor(config)
    if config.get("latents_mean") is not None or config.get("latents_std") is not None:
        return f"native latents (latents_mean, latents_std and scaling_factor {factor:g} not applied)"
    if factor == 1 and not config.get("shift_factor"):
        return "native latents (its scaling_factor is 1, so scaled ones are the same)"
    return f"native latents (std about {1 / abs(factor):.3g} by the config; scaling_factor {factor:g} not applied)"


def _scaled(config: Any, channels: int) -> Space:
    factor, shift = _factor(config), config.get("shift_factor") or 0.0
    if not math.isfinite(factor) or factor == 0:
        raise ContractError(f"the config's scaling_factor must be finite and not 0, got {factor}")
    mean, std = config.get("latents_mean"), config.get("latents_std")
    if mean is None and std is None:
        minus = f"(z − {shift:g})" if shift else "z"
        return Space(f"scaled latents ({minus} · {factor:g}, as a diffusion model sees them)", float(shift), factor)
    centre = _per_channel("latents_mean", shift if mean is None else mean, channels)
    width = _per_channel("latents_std", 1.0 if std is None else std, channels)
    if not (width > 0).all():
        raise ContractError("the config's latents_std must be positive")
    return Space(f"scaled latents ((z − mean) / std · {factor:g} per channel, from the config)", centre, factor / width)


def _per_channel(name: str, values: Any, channels: int) -> Tensor:
    row = torch.as_tensor(values, dtype=torch.float64).flatten()
    if len(row) not in (1, channels) or not torch.isfinite(row).all():
        raise ContractError(f"the config's {name} must be {channels} finite numbers, one per channel, got {values}")
    return row.expand(channels).reshape(channels, 1, 1)


def _posterior(answer: Any) -> Posterior:
    code = _field(answer, ("latent_dist", "latents", "latent"), "encode")
    return Point(code) if isinstance(code, Tensor) else DiagonalGaussian(code.mean, code.std)


def _field(answer: Any, names: tuple[str, ...], method: str) -> Any:
    for name in names:
        if getattr(answer, name, None) is not None:
            return getattr(answer, name)
    raise ContractError(
        f"{method} returned a {type(answer).__name__}, expected an answer with .{' or .'.join(names)}; "
        "leave return_dict=True, as diffusers does"
    )
