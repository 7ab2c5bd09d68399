"""A pair of torch modules or callables behind the door, and what the encoder's answers stand for."""

import inspect
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

from torch import Tensor, nn

from latentassay.adapters._answers import Output, as_observation, as_posterior
from latentassay.adapters._pictures import resized_prior
from latentassay.core.callables import AnyFloat, tensors_behind
from latentassay.core.codebooks import nearest_entries
from latentassay.core.posteriors import Posterior, Prior


class TorchPair:
    """A pair of callables behind the door; made by ``from_torch``.

    Attributes:
        adapter: what it is.
        space: in which latent space it works, in one clause.
        takes_any_float: its callables are called in the float type that they compute in.
        torch_tensors: weights that the callables refer to, outside modules.
        codebook: entries ``(k, size)`` of a quantised model; others have neither this
        quantise: nor this, latents to the number of the entry of every code.
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
        codebook: Tensor | None = None,
    ):
        self._encode, self._decode, self._output = AnyFloat(encode), AnyFloat(decode), output
        self.latent_shape, self.prior = latent_shape, prior
        self.torch_modules = _modules_in(encode, decode)
        self.torch_tensors = tuple(tensors_behind(decode, encode))
        if codebook is not None:  # only quantised models have these, so that one can see which are
            self.codebook, self.quantise = codebook, partial(nearest_entries, codebook=codebook)

    def encode(self, x: Tensor) -> Posterior:
        """Return the encoder's answer as a posterior."""
        return as_posterior(self._encode(x), self._output)

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's answer."""
        return as_observation(self._decode(z))

    def resized(self, x_shape: tuple[int, ...], latent_shape: tuple[int, ...]) -> "TorchPair":
        """Return the same callables for latents of another shape; whether they take it, they say when asked."""
        other = copy(self)
        other.latent_shape, other.prior = latent_shape, resized_prior(self.prior, latent_shape)
        return other


def _modules_in(*functions: Any) -> tuple[nn.Module, ...]:
    """Find the modules behind callables: themselves, the owner of a bound method, or what a function refers to."""
    found = [module for function in functions for module in _behind(function) if isinstance(module, nn.Module)]
    return tuple(dict.fromkeys(found))


def _behind(function: Any) -> list[Any]:
    if inspect.isfunction(function):
        used = inspect.getclosurevars(function)
        return [*used.nonlocals.values(), *used.globals.values()]
    return [function, getattr(function, "__self__", None)]
