"""diffusers' image autoencoders, as models or as folders, in their native or their scaled latent space."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from latentassay.adapters.diffusers_files import CLASSES, load_folder
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
        return z / _beside(self.gain, z) + _beside(self.centre, z)

    def outside(self, q: Posterior) -> Posterior:
        """From a native posterior to this space; the standard deviation is scaled likewise."""
        if self.is_native:
            return q
        gain: Any = _beside(self.gain, q.mean)
        mean = (q.mean - _beside(self.centre, q.mean)) * gain
        if isinstance(q, DiagonalGaussian):
            return DiagonalGaussian(mean, q.scale * abs(gain))
        return Point(mean.clamp(0, 1) if self.clamped else mean)


def _beside(part: float | Tensor, z: Tensor) -> float | Tensor:
    return part.to(z) if isinstance(part, Tensor) else part


class DiffusersModel:
    """One of diffusers' autoencoders behind the door; made by ``from_diffusers``.

    Attributes:
        adapter: framework and class.
        space: in which latent space it works, in one clause.
        value_range: what it takes and returns; the model's own range is applied inside.
        x_shape: the pictures it was made for.
    """

    value_range = HOUSE_RANGE

    def __init__(
        self,
        model: nn.Module,
        kind: str,
        x_shape: tuple[int, ...],
        latent_shape: tuple[int, ...],
        prior: Prior | None,
        space: Space,
        pixels: PixelRange,
    ):
        self._model, self._space, self._pixels = model, space, pixels
        self.adapter, self.space = f"diffusers {kind}", space.words
        self.x_shape, self.latent_shape, self.prior = x_shape, latent_shape, prior
        self.torch_modules = (model,)

    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior (``AutoencoderKL``) or the code of pictures ``(n, channels, height, width)``."""
        expect_images(x, self.x_shape)
        q = _posterior(self._model.encode(self._pixels.inside(x)))  # type: ignore[operator]
        if tuple(q.mean.shape[1:]) != self.latent_shape:
            raise ContractError(
                f"by its config the model has latents {self.latent_shape} for pictures {self.x_shape}, "
                f"but encode returned {tuple(q.mean.shape[1:])}; was the model changed after it was made?"
            )
        return self._space.outside(q)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures in [0, 1], not clamped, for latents in this guest's space."""
        expect_latents(z, self.latent_shape)
        answer = self._model.decode(self._space.inside(z))  # type: ignore[operator]
        return self._pixels.outside(_field(answer, ("sample",), "decode"))


def from_diffusers(
    model: Any,
    *,
    x_shape: Any = None,
    space: Any = "native",
    prior: Any = None,
    value_range: Any = (-1.0, 1.0),
) -> DiffusersModel:
    """Bring an ``AutoencoderKL``, ``AutoencoderTiny``, ``AutoencoderDC`` or ``VQModel`` behind the door.

    Pictures go in and come out in [0, 1]. ``encode`` of diffusers does not apply ``scaling_factor``; pipelines do, so
    a diffusion model sees another space than the one the autoencoder was trained in. Choose:

    - ``"native"``: z as ``encode`` returns it.
    - ``"scaled"``: ``(z − shift_factor) · scaling_factor``, or ``(z − latents_mean) / latents_std · scaling_factor``
      where the config has them; a posterior's σ is multiplied by the same slope.
    - ``"unit"``: ``AutoencoderTiny`` alone; z / (2 · latent_magnitude) + latent_shift, clamped to [0, 1], as its
      latents are stored in pictures.

    Args:
        model: the model, or the path of a folder with ``config.json`` and safetensors (``load_folder``).
        x_shape: shape of one picture ``(channels, height, width)``; where left out, the config's ``sample_size``.
        space: one of the above.
        prior: ``"normal"`` for N(0, I), another ``Prior``, or ``None``: these autoencoders are hardly regularised.
        value_range: the pixel values that the model itself was trained on.

    Raises:
        ContractError: another class, no weights, half precision on the CPU, tiling switched on, or an unusable config.
        InputError: an argument is not of its kind, or no size of the pictures is known.
        FileError: the folder is missing, damaged, or holds a pickle.
    """
    model = load_folder(model) if isinstance(model, str | Path) else model
    kind = _kind(model)
    expect_weights(model, kind)
    config = model.config
    _expect_whole(model, kind, config)
    blocks = config.get("encoder_block_out_channels") or config.get("block_out_channels")
    stride = 2 ** (len(blocks) - 1)
    x_shape = as_image_shape(_x_shape(config, x_shape, kind), channels=config["in_channels"], stride=stride)
    channels = int(config.get("vq_embed_dim") or config["latent_channels"])
    latent_shape = (channels, x_shape[1] // stride, x_shape[2] // stride)
    made = _space(kind, config, space, channels)
    return DiffusersModel(
        model, kind, x_shape, latent_shape, as_prior(prior, latent_shape), made, as_pixel_range(value_range)
    )


def _kind(model: Any) -> str:
    """Name the class without importing diffusers: if the model is one of its, that has happened."""
    for base in type(model).__mro__:
        if base.__module__.startswith("diffusers.") and base.__name__ in CLASSES:
            return base.__name__
    raise ContractError(
        f"{type(model).__name__} is none of diffusers' {', '.join(CLASSES)}; "
        "wrap it with la.from_torch(encode, decode, latent_shape=...)"
    )


def _expect_whole(model: Any, kind: str, config: Any) -> None:
    if getattr(model, "use_tiling", False):
        raise ContractError(
            f"{kind} has tiling on, and its answers depend on tile borders; call model.disable_tiling()"
        )
    ins, outs = config["in_channels"], config.get("out_channels", config["in_channels"])
    if ins != outs:
        raise ContractError(f"{kind} turns {ins} channels into {outs}; an autoencoder must return what it was given")


def _x_shape(config: Any, x_shape: Any, kind: str) -> Any:
    if x_shape is not None:
        return x_shape
    size = config.get("sample_size")
    if size is None:
        raise InputError(f"the config of {kind} does not say how large pictures are; say e.g. x_shape=(3, 64, 64)")
    return (config["in_channels"], *((size, size) if isinstance(size, int) else size))


def _space(kind: str, config: Any, space: Any, channels: int) -> Space:
    if space not in SPACES:
        raise InputError(f"space must be 'native', 'scaled' or 'unit', got {space!r}")
    if space == "unit":
        return _unit(kind, config)
    made = _scaled(config, channels) if space == "scaled" else Space(_native_words(config), 0.0, 1.0)
    if kind != "VQModel":
        return made
    codes = config["num_vq_embeddings"]
    return made._replace(words=f"{made.words}; decode moves every position to the nearest of {codes} code vectors")


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
