"""Small models that are right, and what foreign models do wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latentassay.core.posteriors import DiagonalGaussian, Point, Posterior, StandardNormal

UNITS, OBSERVED = 4, 6
SPATIAL, PICTURE = (2, 4, 4), (1, 8, 8)


class Small(nn.Module):
    """An autoencoder of one layer a side, in train mode with dropout, as people forget it.

    Args:
        encoder: observations → means.
        decoder: latents → observations.
        latent_shape: shape of one latent.
        x_shape: shape of one observation.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent_shape: tuple[int, ...], x_shape: tuple[int, ...]):
        super().__init__()
        self.inwards, self.outwards, self.dropout = encoder, decoder, nn.Dropout(0.1)
        self.latent_shape, self.x_shape = latent_shape, x_shape
        self.prior = StandardNormal(latent_shape)

    def encode(self, x: Tensor) -> Posterior:
        """Return a Gaussian of deviation 0.3."""
        mean = self.dropout(self.inwards(x))
        return DiagonalGaussian(mean, torch.full_like(mean, 0.3))

    def decode(self, z: Tensor) -> Tensor:
        """Return observations in [0, 1]."""
        decoded: Tensor = torch.sigmoid(self.outwards(z))
        return decoded


def vector_model() -> Small:
    """Return an autoencoder of six numbers with four latents."""
    return _seeded(lambda: Small(nn.Linear(OBSERVED, UNITS), nn.Linear(UNITS, OBSERVED), (UNITS,), (OBSERVED,)))


def picture_model() -> Small:
    """Return an autoencoder of grey pictures 8×8 with latents of two channels 4×4."""
    return _seeded(lambda: Small(nn.Conv2d(1, 2, 2, stride=2), nn.ConvTranspose2d(2, 1, 2, stride=2), SPATIAL, PICTURE))


def _seeded(build: Callable[[], Small]) -> Small:
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=()):  # layers draw their first weights
        model = build()
    with torch.no_grad():
        for values in model.parameters():
            values.copy_(torch.randn(values.shape, generator=generator))
    return model.train()


class Spoilt:
    """A model whose answers are changed on their way.

    Args:
        model: the right one.
        encode: what becomes of its posterior and the observations.
        decode: what becomes of its observations and the latents.
    """

    def __init__(
        self,
        model: Small,
        encode: Callable[[Any, Tensor], Any] | None = None,
        decode: Callable[[Any, Tensor], Any] | None = None,
    ):
        self.model, self._encode, self._decode = model, encode, decode
        self.latent_shape, self.prior, self.torch_modules = model.latent_shape, model.prior, (model,)

    def encode(self, x: Tensor) -> Any:
        """Return what becomes of the right posterior."""
        posterior = self.model.encode(x)
        return posterior if self._encode is None else self._encode(posterior, x)

    def decode(self, z: Tensor) -> Any:
        """Return what becomes of the right observations."""
        decoded = self.model.decode(z)
        return decoded if self._decode is None else self._decode(decoded, z)


def _raise(*arguments: Any) -> Any:
    raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


def _some(value: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Spoil the answers for latents of a positive first number."""

    def spoil(decoded: Tensor, z: Tensor) -> Tensor:
        hit = z.flatten(1)[:, 0] > 0.5
        return torch.where(hit.view(-1, *[1] * (decoded.ndim - 1)), value, decoded)

    return spoil


def _log_variance(posterior: Any, x: Tensor) -> Posterior:
    return DiagonalGaussian(posterior.mean, posterior.std.square().log())


def _noisy(values: Any, _: Tensor) -> Any:
    return values + 0.1 * torch.rand_like(values) + 0.1 * float(np.random.rand())  # noqa: NPY002 - as people do


def _train(model: Small) -> Any:
    """Change the mode at every call."""

    def switch(values: Any, _: Tensor) -> Any:
        model.train(not model.training)
        return values

    return Spoilt(model, decode=switch)


def _in_place(model: Small) -> Any:
    def change(values: Any, given: Tensor) -> Any:
        with torch.no_grad():
            given.mul_(0.5)
        return values

    return Spoilt(model, encode=change, decode=change)


MODELS: dict[str, Callable[[Small], Any]] = {
    "decodes to NaN for some": lambda model: Spoilt(model, decode=_some(float("nan"))),
    "decodes to inf for some": lambda model: Spoilt(model, decode=_some(float("inf"))),
    "decodes to 1e30 for some": lambda model: Spoilt(model, decode=_some(1e30)),
    "decodes to NaN": lambda model: Spoilt(model, decode=lambda x, _: x * float("nan")),
    "decodes to a constant": lambda model: Spoilt(model, decode=lambda x, _: x * 0),
    "decodes float16": lambda model: Spoilt(model, decode=lambda x, _: x.half()),
    "decodes bfloat16": lambda model: Spoilt(model, decode=lambda x, _: x.bfloat16()),
    "decodes float64": lambda model: Spoilt(model, decode=lambda x, _: x.double()),
    "decodes integers": lambda model: Spoilt(model, decode=lambda x, _: x.long()),
    "decodes numpy": lambda model: Spoilt(model, decode=lambda x, _: x.detach().numpy()),
    "decodes a dictionary": lambda model: Spoilt(model, decode=lambda x, _: {"sample": x}),
    "decodes None": lambda model: Spoilt(model, decode=lambda x, _: None),
    "decodes one row less": lambda model: Spoilt(model, decode=lambda x, _: x[:-1]),
    "decodes flat": lambda model: Spoilt(model, decode=lambda x, _: x.reshape(-1)),
    "decodes another shape": lambda model: Spoilt(model, decode=lambda x, _: torch.cat([x, x], -1)),
    "decoder raises": lambda model: Spoilt(model, decode=_raise),
    "encodes NaN": lambda model: Spoilt(model, encode=lambda q, _: DiagonalGaussian(q.mean * float("nan"), q.std)),
    "encodes constants": lambda model: Spoilt(model, encode=lambda q, _: DiagonalGaussian(q.mean * 0, q.std)),
    "log-variance as std": lambda model: Spoilt(model, encode=_log_variance),
    "std of 0": lambda model: Spoilt(model, encode=lambda q, _: DiagonalGaussian(q.mean, q.std * 0)),
    "std of NaN": lambda model: Spoilt(model, encode=lambda q, _: DiagonalGaussian(q.mean, q.std * float("nan"))),
    "points": lambda model: Spoilt(model, encode=lambda q, _: Point(q.mean)),
    "encodes a tensor": lambda model: Spoilt(model, encode=lambda q, _: q.mean),
    "encodes a pair": lambda model: Spoilt(model, encode=lambda q, _: (q.mean, q.std)),
    "encodes a dictionary": lambda model: Spoilt(model, encode=lambda q, _: {"mean": q.mean}),
    "encodes another size": lambda model: Spoilt(model, encode=lambda q, _: Point(torch.cat([q.mean, q.mean], -1))),
    "encodes one row less": lambda model: Spoilt(model, encode=lambda q, _: Point(q.mean[:-1])),
    "encoder raises": lambda model: Spoilt(model, encode=_raise),
    "global chance": lambda model: Spoilt(model, decode=_noisy),
    "changes its mode": _train,
    "changes its input": _in_place,
    "no model": lambda model: object(),
    "None": lambda model: None,
    "a class": lambda model: type(model),
}
"""Name of a way to spoil a model → what makes it of a right one."""
