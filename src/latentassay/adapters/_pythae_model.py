"""An autoencoder of pythae behind the door."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from latentassay.adapters._pictures import HOUSE_RANGE, PixelRange, expect_latents
from latentassay.core.autoencoder import eval_mode
from latentassay.core.codebooks import nearest_entries
from latentassay.core.errors import ContractError, InputError, first_line
from latentassay.core.posteriors import DiagonalGaussian, Point, Posterior, Prior

HAMILTON = "native latents (before the Hamiltonian steps, which need the observation)"
FLOW = "native latents (before the flow, which counts as a part of the decoder)"
SPACES = {"HVAE": HAMILTON, "RHVAE": HAMILTON, "VAE_IAF": FLOW, "VAE_LinNF": FLOW}


class PythaeModel:
    """One of pythae's autoencoders behind the door; made by ``from_pythae``.

    Attributes:
        adapter: framework and class.
        space: in which latent space it works, in one clause.
        value_range: what it takes and returns; ``None`` where values pass as they are.
        x_shape: the observations it was made for, or ``None`` where its config does not say.
        codebook: entries ``(k, size)`` of a ``VQVAE``; other classes have neither this
        quantise: nor this function, latents → number of the entry of every place.
    """

    def __init__(
        self,
        model: Any,
        kind: str,
        shapes: tuple[tuple[int, ...] | None, tuple[int, ...]],
        prior: Prior | None,
        pixels: PixelRange | None,
        *,
        is_point: bool,
    ):
        self._model, self._kind, self._pixels, self._is_point = model, kind, pixels, is_point
        self.adapter, self.space = f"pythae {kind}", _words(model, kind)
        self.x_shape, self.latent_shape = shapes
        self.prior, self.torch_modules = prior, (model,)
        if kind == "VQVAE":  # only quantised models have these, so that one can see which are
            entries = model.quantizer.embeddings
            self.codebook = (entries if isinstance(entries, Tensor) else entries.weight).detach()
            self.quantise = partial(nearest_entries, codebook=self.codebook)
        bounded = pixels is not None or model.model_config.uses_default_decoder  # which ends in a sigmoid
        self.value_range = HOUSE_RANGE if bounded else None

    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior, or the code, of observations ``(n, *x_shape)``."""
        if self.x_shape is not None and tuple(x.shape[1:]) != self.x_shape:
            sizes = ", ".join(map(str, self.x_shape))
            raise InputError(f"this model was made for observations (n, {sizes}), got {tuple(x.shape)}")
        answer = self._model.encoder(x if self._pixels is None else self._pixels.inside(x))
        mean = _field(answer, "embedding", "encoder")
        if self._is_point or getattr(self._model, "deterministic_posterior", False):
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


def find_latent_shape(model: Any, x_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Encode two observations and return the shape of a latent; networks of one's own may differ from the config.

    Raises:
        ContractError: the encoder does not take observations ``(n, *x_shape)``.
    """
    with eval_mode(model) as (device, dtype):
        try:
            answer = model.encoder(torch.zeros(2, *x_shape, device=device, dtype=dtype))
        except RuntimeError as error:
            raise ContractError(
                f"the encoder fails on observations {x_shape} ({first_line(error)}); say x_shape="
            ) from error
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
