"""Codebooks of quantised models: which entry a code is moved to."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.errors import InputError

TOGETHER = 2**24
"""Distances that are held at once."""


def split_codes(z: Float[Tensor, "n *latent"], size: int) -> Float[Tensor, "n places size"]:
    """Cut latents into the vectors that are quantised one by one: of vectors pieces of ``size``, of maps every place.

    Raises:
        InputError: a vector that is no multiple of ``size``, or a map of another number of channels.

    >>> split_codes(torch.zeros(5, 6), 2).shape, split_codes(torch.zeros(5, 2, 4, 4), 2).shape
    (torch.Size([5, 3, 2]), torch.Size([5, 16, 2]))
    """
    if z.ndim > 2 and z.shape[1] == size:
        return z.flatten(2).mT
    if z.ndim == 2 and z.shape[1] % size == 0:
        return z.reshape(len(z), -1, size)
    raise InputError(f"latents of shape {tuple(z.shape[1:])} do not consist of code vectors of {size} numbers")


def check_codebook(codebook: Any, latent_shape: tuple[int, ...]) -> Tensor:
    """Return entries ``(k, size)`` that latents of this shape are made of.

    Raises:
        InputError: no floating tensor of two dimensions and two entries, values that are not finite, or a size that
            the latents do not consist of.
    """
    entries = getattr(codebook, "weight", codebook)
    if not isinstance(entries, Tensor) or entries.ndim != 2 or len(entries) < 2 or not entries.is_floating_point():
        came = f"a tensor {tuple(entries.shape)}" if isinstance(entries, Tensor) else type(codebook).__name__
        raise InputError(f"codebook must be a floating tensor (entries, size) or an nn.Embedding, got {came}")
    if not bool(entries.isfinite().all()):
        raise InputError("codebook holds NaN or infinite values")
    split_codes(torch.zeros(1, *latent_shape), entries.shape[1])
    return entries.detach()


def nearest_entries(z: Float[Tensor, "n *latent"], codebook: Float[Tensor, "k size"]) -> Int[Tensor, "n places"]:
    """Return the number of the entry that is nearest to every code.

    Args:
        z: latents: ``(n, channels, *sides)`` with code vectors along channels, or ``(n, places · size)``.
        codebook: the entries.

    >>> nearest_entries(torch.tensor([[0.1, 0.9, 2.2]]), torch.tensor([[0.0], [1.0], [2.0]]))
    tensor([[0, 1, 2]])
    """
    codes, entries = split_codes(z, codebook.shape[1]), codebook.to(z)
    flat, step = codes.reshape(-1, codes.shape[-1]), max(1, TOGETHER // len(entries))
    found = [torch.cdist(flat[i : i + step], entries).argmin(1) for i in range(0, len(flat), step)]
    return torch.cat(found).view(codes.shape[:2])
