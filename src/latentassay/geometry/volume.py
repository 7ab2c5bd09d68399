"""How much a decoder stretches its latent space: Jacobians and volume elements, by forward-mode differentiation."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import jvp, vmap

from latentassay.core.arrays import Array, as_float_tensor, like
from latentassay.core.autoencoder import eval_mode
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import finite
from latentassay.geometry.decoders import decode_rows, owner, reference
from latentassay.responses.derivatives import ONE_AT_A_TIME, ContiguousGroups, derivative_along, load_rules
from latentassay.sampling import BATCH_SIZE, blocks

FIX = "use a decoder written in torch"

CACHE = 2**19
"""Values of derivatives that are computed at once, about: of large decodings more would leave the processor's cache."""


def decoder_jacobian(
    decode: Callable[[Tensor], Any], z: Array, *, batch_size: int = BATCH_SIZE
) -> Float[Array, "n values d"]:
    """Return ``J[·,i,j] = ∂D_i/∂z_j`` of the flattened decoding at every latent, by forward-mode differentiation.

    Directions share the decoding itself (``vmap`` of ``jvp``): 12 of them take 10 to 15 forward passes of a conv
    decoder. A decoder that cannot be mapped so is differentiated along one latent after the other, which takes twice
    as long.

    Args:
        decode: latents ``(n, *latent_shape)`` to decodings, or to pairs ``(mean, std)``; it is called with tensors.
        z: latents ``(n, *latent_shape)``, a tensor or an array; the Jacobians have the same kind.
        batch_size: derivatives of a decoding along one latent that are computed at once, at most; fewer if it is large.

    Raises:
        InputError: no latents, NaN or infinite values.
        ContractError: torch cannot differentiate ``decode``.

    >>> decoder_jacobian(lambda z: z * torch.tensor([2.0, 3.0]), torch.zeros(1, 2))
    tensor([[[2., 0.],
             [0., 3.]]])
    """
    latents = _as_latents(z)
    parts = [j for _, j in _jacobians(decode, latents, batch_size, "Jacobians")]
    return like(torch.cat(parts).to(latents.device), z)


def volume_element(
    decode: Callable[[Tensor], Any], grid: Array, *, batch_size: int = BATCH_SIZE
) -> Float[Array, "*grid"]:
    """Return ``√det JᵀJ`` at every latent: by how much a small piece of latent space grows when decoded.

    It is large on the boundaries between what a decoder keeps apart, and small where decodings hardly change.

    Args:
        decode: latents ``(n, d)`` to decodings, or to pairs ``(mean, std)``; it is called with tensors.
        grid: latents ``(…, d)``, such as ``(ny, nx, 2)``, a tensor or an array.
        batch_size: derivatives of a decoding along one latent that are computed at once, at most.

    Returns:
        ``(…)`` in double precision, of the kind of ``grid``; 0 where the derivative has less than full rank.

    Raises:
        InputError: no latents, NaN or infinite values.
        ContractError: torch cannot differentiate ``decode``.

    >>> volume_element(lambda z: z * torch.tensor([2.0, 3.0]), torch.zeros(1, 2, 2))
    tensor([[6., 6.]], dtype=torch.float64)
    """
    latents = _as_latents(grid)
    z = latents.reshape(-1, latents.shape[-1])
    volumes = torch.empty(len(z), dtype=torch.float64)
    for block, jacobian in _jacobians(decode, z, batch_size, "volume elements"):
        j = jacobian.double()
        volumes[block] = torch.linalg.det(j.mT @ j).clamp(min=0).sqrt().cpu()
    return like(volumes.view(latents.shape[:-1]), grid)


def _as_latents(z: Any) -> Tensor:
    latents = as_float_tensor(z, "latents").detach()
    if latents.ndim < 2 or not latents.numel():
        raise InputError(f"latents must have shape (n, *latent_shape) and none of it 0, got {tuple(latents.shape)}")
    return finite(latents, "latents")


def _jacobians(
    decode: Callable[[Tensor], Any], z: Tensor, batch_size: int, label: str
) -> Iterator[tuple[slice, Float[Tensor, "b values d"]]]:
    """Yield rows of ``z`` and their Jacobians, on the decoder's device."""
    load_rules()
    # Forward mode carries tangents along with the values and records no graph: without no_grad, weights that require
    # gradients would have one built and kept for nothing, and the tangents would be the same.
    with eval_mode(owner(decode), gradients=True), torch.no_grad():
        weight = reference(decode, z)
        size, rows = _sizes(decode, z[:1].to(weight), batch_size)
        for block in blocks(len(z), rows, label):
            yield block, finite(_columns(decode, z[block].to(weight), size), "derivatives of the decoder")


def _sizes(decode: Callable[[Tensor], Any], one: Tensor, batch_size: int) -> tuple[int, int]:
    """How many derivatives along one latent are computed at once, and of how many latents, from the decoding of one.

    All directions of a batch pass through the decoder together, so that it is the product of both that must fit the
    cache: beyond it, a larger batch takes longer for each derivative, not less.
    """
    size = min(batch_size, max(1, CACHE // decode_rows(decode, one).shape[1]))
    return size, max(1, size // one.numel())


def _columns(decode: Callable[[Tensor], Any], z: Tensor, size: int) -> Float[Tensor, "n values d"]:
    """Columns of the Jacobian, each the derivative along one latent."""
    d = z[0].numel()
    directions = torch.eye(d).to(z).view(d, 1, *z.shape[1:]).expand(d, *z.shape)
    columns = _map_directions(decode, z, directions, size)
    # A decoder that breaks off differentiation gives zeros in jvp, and an error in derivative_along.
    if columns is None or not columns.any():
        columns = torch.stack(
            [derivative_along(partial(decode_rows, decode), z, v, what="decoder", fix=FIX) for v in directions]
        )
    return columns.movedim(0, 2)


def _map_directions(
    decode: Callable[[Tensor], Any], z: Tensor, directions: Tensor, size: int
) -> Float[Tensor, "d n values"] | None:
    """All derivatives with one decoding, or ``None`` for a decoder that torch can't map over directions."""
    with ONE_AT_A_TIME, warnings.catch_warnings(), ContiguousGroups():
        warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
        try:
            found: Tensor = vmap(lambda v: jvp(partial(decode_rows, decode), (z,), (v,))[1], chunk_size=size)(
                directions
            )
        # Whatever is wrong with the decoder itself is said by derivative_along, which is tried next.
        except (RuntimeError, NotImplementedError, ContractError):
            return None
    return found
