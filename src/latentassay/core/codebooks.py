"""Codebooks of quantised models: which entry a code is moved to."""

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
