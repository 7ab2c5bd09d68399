"""A pair of torch modules or callables behind the door, and what the encoder's answers stand for."""

import inspect
from collections.abc import Callable
from copy import copy
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch import distributions as D

from latentassay.adapters._pictures import resized_prior
from latentassay.core.callables import AnyFloat, tensors_behind
from latentassay.core.errors import ContractError
from latentassay.core.posteriors import (
    DiagonalGaussian,
    FullCovarianceGaussian,
    Point,
    Posterior,
    Prior,
)

Output = Literal["mean", "mean_logvar", "mean_std"]


class TorchPair:
    """A pair of callables behind the door; made by ``from_torch``.

    Attributes:
        adapter: what it is.
        space: in which latent space it works, in one clause.
        takes_any_float: its callables are called in the float type that they compute in.
        torch_tensors: weights that the callables refer to, outside modules.
    """

    takes_any_float = True
    adapter, space = "torch pair", "native latents (what encode returns)"

    def __init__(
        self,
        encode: Callable[[Tensor], Any],
        decode: Callable[[Tensor], Any],
        latent_shape: tuple[int, ...],
        prior: Prior | None,
        output: Output,
    ):
        self._encode, self._decode, self._output = AnyFloat(encode), AnyFloat(decode), output
        self.latent_shape, self.prior = latent_shape, prior
        self.torch_modules = _modules_in(encode, decode)
        self.torch_tensors = tuple(tensors_behind(decode, encode))

    def encode(self, x: Tensor) -> Posterior:
        """Return the encoder's answer as a posterior."""
        return as_posterior(self._encode(x), self._output)

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's answer."""
        decoded = self._decode(z)
        if not isinstance(decoded, Tensor):
            raise ContractError(
                f"decode returned {type(decoded).__name__}, expected the mean observation as one tensor; "
                "pass e.g. decode=lambda z: decoder(z)[0]"
            )
        return decoded

    def resized(self, x_shape: tuple[int, ...], latent_shape: tuple[int, ...]) -> "TorchPair":
        """Return the same callables for latents of another shape; whether they take it, they say when asked."""
        other = copy(self)
        other.latent_shape, other.prior = latent_shape, resized_prior(self.prior, latent_shape)
        return other


def as_posterior(answer: Any, output: Output) -> Posterior:
    """Read an encoder's answer as the posterior it stands for."""
    if isinstance(answer, D.Distribution):
        return _from_distribution(answer)
    if isinstance(answer, Tensor) and output == "mean":
        return Point(answer)
    if isinstance(answer, tuple | list) and len(answer) == 2 and output != "mean":
        first, second = answer
        return (
            DiagonalGaussian.from_logvar(first, second) if output == "mean_logvar" else DiagonalGaussian(first, second)
        )
    if isinstance(answer, tuple | list):
        raise ContractError(
            f"encode returned a {type(answer).__name__} of {len(answer)} and output={output!r}; for (mean, logvar) "
            "say output='mean_logvar', for (mean, std) 'mean_std', otherwise pass a function that picks the code"
        )
    raise ContractError(f"encode returned {type(answer).__name__}, which output={output!r} does not describe")


def _from_distribution(q: D.Distribution) -> Posterior:
    base = q.base_dist if isinstance(q, D.Independent) else q
    if isinstance(base, D.Normal):
        return DiagonalGaussian(base.loc, base.scale)
    if isinstance(base, D.MultivariateNormal):
        return FullCovarianceGaussian(base.loc, torch.as_tensor(base.scale_tril))
    raise ContractError(f"encode returned a {type(base).__name__}; Normal and MultivariateNormal are understood")


def _modules_in(*functions: Any) -> tuple[nn.Module, ...]:
    """Find the modules behind callables: themselves, the owner of a bound method, or what a function refers to."""
    found = [module for function in functions for module in _behind(function) if isinstance(module, nn.Module)]
    return tuple(dict.fromkeys(found))


def _behind(function: Any) -> list[Any]:
    if inspect.isfunction(function):
        used = inspect.getclosurevars(function)
        return [*used.nonlocals.values(), *used.globals.values()]
    return [function, getattr(function, "__self__", None)]
