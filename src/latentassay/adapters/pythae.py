"""pythae's autoencoders, as models, or as folders whose weights are safetensors."""

from typing import Any

import torch
from torch import Tensor, nn

from latentassay.adapters.images import (
    HOUSE_RANGE,
    PixelRange,
    as_pixel_range,
    as_prior,
    expect_latents,
    expect_weights,
)
from latentassay.adapters.pythae_files import CODES, GAUSSIANS, MIXED, load_folder
from latentassay.core.autoencoder import eval_mode
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, Point, Posterior, Prior

REFUSED = {
    "SVAE": "has latents on a sphere, and no Gaussian posterior",
    "PoincareVAE": "has latents in hyperbolic space, and no Gaussian posterior",
}
"""Classes whose latents cannot be changed one at a time."""

HAMILTON = "native latents (before the Hamiltonian steps, which need the observation)"
FLOW = "native latents (before the flow, which counts as a part of the decoder)"
SPACES = {"HVAE": HAMILTON, "RHVAE": HAMILTON, "VAE_IAF": FLOW, "VAE_LinNF": FLOW}

OWN, MEND = "own", "la.from_torch(encode, decode, latent_shape=...)"


class PythaeModel:
    """One of pythae's autoencoders behind the door; made by ``from_pythae``.

    Attributes:
        adapter: framework and class.
        space: in which latent space it works, in one clause.
        value_range: what it takes and returns; ``None`` where values pass as they are.
        x_shape: the observations it was made for, or ``None`` where its config does not say.
    """

    def __init__(
        self,
        model: Any,
        kind: str,
        shapes: tuple[tuple[int, ...] | None, tuple[int, ...]],
        prior: Prior | None,
        pixels: PixelRange | None,
    ):
        self._model, self._kind, self._pixels = model, kind, pixels
        self.adapter, self.space = f"pythae {kind}", _words(model, kind)
        self.x_shape, self.latent_shape = shapes
        self.prior, self.torch_modules = prior, (model,)
        bounded = pixels is not None or model.model_config.uses_default_decoder  # which ends in a sigmoid
        self.value_range = HOUSE_RANGE if bounded else None

    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior, or the code, of observations ``(n, *x_shape)``."""
        if self.x_shape is not None and tuple(x.shape[1:]) != self.x_shape:
            sizes = ", ".join(map(str, self.x_shape))
            raise InputError(f"this model was made for observations (n, {sizes}), got {tuple(x.shape)}")
        answer = self._model.encoder(x if self._pixels is None else self._pixels.inside(x))
        mean = _field(answer, "embedding", "encoder")
        if self._kind in CODES or getattr(self._model, "deterministic_posterior", False):
            return Point(mean)
        spread = _field(answer, "log_covariance", "encoder")
        if self._kind == "HVAE":  # alone among its kin, it trains with softplus of what the others take for log σ²
            return DiagonalGaussian(mean, nn.functional.softplus(spread))
        return DiagonalGaussian.from_logvar(mean, spread)

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's mean observation."""
        expect_latents(z, self.latent_shape)
        decoded = _field(self._model.decoder(_between(self._model, self._kind, z)), "reconstruction", "decoder")
        if self._kind == "HVAE" and self._model.model_config.reconstruction_loss == "bce":  # the only one with logits
            decoded = decoded.sigmoid()
        if self.x_shape and decoded.shape[1:].numel() == torch.Size(self.x_shape).numel():
            decoded = decoded.reshape(len(z), *self.x_shape)  # the losses flatten, so a decoder may leave them flat
        return decoded if self._pixels is None else self._pixels.outside(decoded)


def from_pythae(model: Any, *, prior: Any = OWN, value_range: Any = None, x_shape: Any = None) -> PythaeModel:
    """Bring a model of pythae behind the door.

    Autoencoders (``AE``, ``RAE_GP``, ``RAE_L2``, ``WAE_MMD``, ``VQVAE``) give points, the VAEs a Gaussian. A ``VQVAE``
    is asked before its codebook: a latent is what the encoder gives, and ``decode`` moves it to the nearest code
    vector. Likewise ``decode`` of ``VAE_IAF`` and ``VAE_LinNF`` goes through the flow, before which the posterior is
    Gaussian and no prior is known; ``HVAE`` and ``RHVAE`` are asked before their Hamiltonian steps.

    Args:
        model: the model, or the path of a folder with ``model_config.json`` and ``model.safetensors``, for models of
            pythae's default coders. The ``model.pt`` that pythae itself writes is never opened.
        prior: ``"own"`` for what the class was trained with, N(0, I) or none; or ``"normal"``, another ``Prior``, or
            ``None``.
        value_range: the values that the model itself was trained on, such as (−1, 1); observations then go in and come
            out in [0, 1]. Where left out, values pass as they are.
        x_shape: shape of one observation, where the config has no ``input_dim``.

    Raises:
        ContractError: another class, one whose latents lie on a sphere or in hyperbolic space, no weights, or
            answers of another form.
        InputError: an argument is not of its kind, or pythae is not installed.
        FileError: the folder is missing or damaged, or holds pickles alone.
    """
    model = load_folder(model) if not isinstance(model, nn.Module) else model
    kind = _kind(model)
    expect_weights(model, kind)
    shape = _x_shape(model, x_shape)
    latent_shape = (int(model.latent_dim),) if shape is None else _asked(model, shape)
    own = "normal" if kind in (*GAUSSIANS, "WAE_MMD") else None
    chosen = own if isinstance(prior, str) and prior == OWN else prior
    pixels = None if value_range is None else as_pixel_range(value_range)
    return PythaeModel(model, kind, (shape, latent_shape), as_prior(chosen, latent_shape), pixels)


def _kind(model: nn.Module) -> str:
    """Name the class without importing pythae: if the model is one of its, that has happened."""
    names = [base.__name__ for base in type(model).__mro__ if base.__module__.startswith("pythae.")]
    for name in names:
        if name in REFUSED:
            raise ContractError(f"pythae's {name} {REFUSED[name]}; wrap what you mean with {MEND}")
        if name in CODES + GAUSSIANS + MIXED:
            return name
    known = ", ".join(CODES + GAUSSIANS + MIXED)
    raise ContractError(f"{type(model).__name__} is none of pythae's {known}; wrap it with {MEND}")


def _x_shape(model: Any, stated: Any) -> tuple[int, ...] | None:
    known = model.model_config.input_dim
    shape = known if stated is None else stated
    if shape is None:
        return None
    try:
        found = tuple(int(size) for size in shape)
    except (TypeError, ValueError) as error:
        raise InputError(f"x_shape must be sizes such as (1, 28, 28), got {shape!r}") from error
    if known is not None and found != tuple(known):
        raise InputError(f"x_shape is {found}, but the model's config says input_dim={tuple(known)}")
    return found


def _asked(model: Any, x_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of one latent; the config has only a number, and networks of one's own may answer otherwise."""
    with eval_mode(model) as (device, dtype):
        try:
            answer = model.encoder(torch.zeros(2, *x_shape, device=device, dtype=dtype))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise ContractError(f"the encoder fails on observations {x_shape} ({reason}); say x_shape=") from error
    return tuple(_field(answer, "embedding", "encoder").shape[1:])


def _words(model: Any, kind: str) -> str:
    if kind == "VQVAE":
        codes = model.model_config.num_embeddings
        return (
            f"native latents (before the codebook; decode moves every position to the nearest of {codes} code vectors)"
        )
    return SPACES.get(kind, "native latents (the encoder's embedding)")


def _between(model: Any, kind: str, z: Tensor) -> Tensor:
    """What the class does to a latent before its decoder sees it."""
    if kind == "VAE_IAF":
        flowed: Tensor = model.iaf_flow.inverse(z).out
        return flowed
    if kind == "VAE_LinNF":
        for layer in model.net:
            z = layer(z).out
    return _nearest(model, z) if kind == "VQVAE" else z


def _nearest(model: Any, z: Tensor) -> Tensor:
    """Code vectors instead of latents; detached, since pythae passes gradients straight through what is a step."""
    grid = z.detach().reshape(len(z), 1, 1, -1) if z.ndim == 2 else z.detach()
    found: Tensor = model.quantizer(grid.permute(0, 2, 3, 1)).quantized_vector
    return found.reshape(z.shape)


def _field(answer: Any, name: str, who: str) -> Tensor:
    value = getattr(answer, name, None)
    if not isinstance(value, Tensor):
        raise ContractError(
            f"the {who} returned a {type(answer).__name__} without .{name}; pythae's coders return "
            f"ModelOutput({name}=...)"
        )
    return value
