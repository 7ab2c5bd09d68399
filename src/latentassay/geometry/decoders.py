"""Decoders as plain callables: whose they are, where they compute, and their decodings as rows of numbers."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from latentassay.adapters.torch import from_torch
from latentassay.core.arrays import as_float_tensor
from latentassay.core.autoencoder import modules_of, weights_of
from latentassay.core.errors import ContractError, InputError, LatentAssayError, first_line
from latentassay.core.guard import decode_batch, decode_std_batch
from latentassay.core.observations import finite
from latentassay.core.signatures import bind

FIX = 'lengths need no derivatives, though: la.interpolate(model, a, b, metric="euclidean").lengths["pullback"]'


def owner(decode: Any) -> Any:
    """Return what must be held in evaluation mode while a decoder is called: a model, a module, or what stands for one.

    A bound method belongs to its object. What a plain function uses shows only in its closure and its globals, where
    ``from_torch`` looks for modules and tensors.

    >>> net = torch.nn.Linear(2, 3)
    >>> owner(net.forward) is net, modules_of(owner(lambda z: net(z))) == (net,)
    (True, True)
    """
    found = getattr(decode, "__self__", decode)
    return from_torch(found, found, latent_shape=(1,)) if inspect.isfunction(found) else found


def reference(decode: Any, z: Tensor) -> Tensor:
    """Return a tensor on the device and in the float type of the decoder: of its weights, or ``z`` if it has none."""
    return next((tensor.detach() for tensor in weights_of(owner(decode)) if tensor.is_floating_point()), z)


def decode_rows(decode: Callable[[Tensor], Any], z: Tensor) -> Tensor:
    """Decode latents into rows ``(n, values)``; a standard deviation is set beside its mean.

    Args:
        decode: latents ``(n, *latent_shape)`` to decodings, or to pairs ``(mean, std)``.
        z: latents on the decoder's device; where it requires a gradient, so must the rows.

    Raises:
        InputError: decodings that are NaN or infinite.
        ContractError: no tensors of n rows, or z requires a gradient and torch cannot differentiate the decoder.
    """
    if not callable(decode) or isinstance(decode, type):
        raise ContractError(f"decode must be a function of latents, such as model.decode, got {decode!r}")
    decoded = _ask(decode, z)
    parts = decoded if isinstance(decoded, tuple | list) else (decoded,)
    if not all(isinstance(part, Tensor) and part.shape[:1] == z.shape[:1] for part in parts):
        raise ContractError(f"decode must return tensors with one row for each of {len(z)} latents")
    rows = torch.cat([part.flatten(1) for part in parts], 1)
    if z.requires_grad and not rows.requires_grad:
        raise ContractError(f"the decoder breaks off torch's differentiation (numpy, no_grad or detach); {FIX}")
    return finite(rows, "decodings")


def _ask(decode: Callable[[Tensor], Any], z: Tensor) -> Any:
    try:
        return decode(z.clone())  # some decoders work in place
    except LatentAssayError:
        raise
    except Exception as error:  # a foreign decoder may fail in any way
        reason = first_line(error)
        if z.requires_grad and "grad" in reason:  # torch's word when numpy() meets what is being differentiated
            raise ContractError(f"the decoder cannot be differentiated by torch ({reason}); {FIX}") from error
        if not _takes_one(decode):
            raise ContractError(
                f"decode must be a function of one batch of latents, got {decode!r} ({reason}); give the method of an "
                "object, such as model.decode, not that of its class"
            ) from error
        if "shape" not in reason and "size" not in reason:
            raise
        raise ContractError(
            f"the decoder failed on latents {tuple(z.shape)} of {z.dtype} ({reason}); are they of its size?"
        ) from error


def _takes_one(decode: Callable[[Tensor], Any]) -> bool:
    try:
        bind(decode, None, name="decode")
    except InputError:
        return False
    return True


def decodes_std(model: Any) -> bool:
    """Whether a decoder offers ``decode_std(z)``, the standard deviation of the observation."""
    return callable(getattr(model, "decode_std", None))


class MeanAndStd(nn.Module):
    """Decodes latents into the pair of mean and standard deviation of a model that offers both."""

    def __init__(self, model: Any):
        super().__init__()
        self._model = (model,)  # in a tuple, since torch would register a model that is a module a second time
        self.parts = nn.ModuleList(modules_of(model))
        self.torch_tensors = tuple(weights_of(model))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return both, each ``(n, *x_shape)``."""
        model = self._model[0]
        return decode_batch(model, z), decode_std_batch(model, z)


def latent_pairs(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Read two batches of latents ``(n, *latent_shape)``, tensors or arrays, that belong together row by row.

    Raises:
        InputError: no floating-point numbers, no rows, shapes that differ, NaN or infinite values.
    """
    first, last = (as_float_tensor(end, name).detach() for name, end in (("a", a), ("b", b)))
    for name, end in (("a", first), ("b", last)):
        if end.ndim < 2 or not len(end):
            raise InputError(f"{name} must be latents (n, *latent_shape), at least one, got {tuple(end.shape)}")
    if first.shape != last.shape:
        raise InputError(f"a and b must have the same shape, got {tuple(first.shape)} and {tuple(last.shape)}")
    return finite(first, "a"), finite(last, "b").to(first)
