"""How much a decoder stretches its latent space: Jacobians and volume elements, by forward-mode differentiation."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import jvp, vmap

from latentassay.core.autoencoder import eval_mode
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import finite
from latentassay.geometry.pullback import embedded, owner, place
from latentassay.responses.derivatives import ContiguousGroups, awaken
from latentassay.sampling import BATCH_SIZE, blocks

MEND = "use a decoder written in torch"

CACHE = 2**19
"""Values of derivatives that are computed at once, about: of large decodings more would leave the processor's cache."""


def decoder_jacobian(
    decode: Callable[[Tensor], Any], z: Tensor, *, batch_size: int = BATCH_SIZE
) -> Float[Tensor, "n values d"]:
    """Return ``J[·,i,j] = ∂D_i/∂z_j`` of the flattened decoding at every latent, by forward-mode differentiation.

    Directions share the decoding itself (``vmap`` of ``jvp``): 12 of them take 10 to 15 forward passes of a conv
    decoder. A decoder that cannot be mapped so is differentiated along one latent after the other, which takes twice
    as long.

    Args:
        decode: latents ``(n, *latent_shape)`` to decodings, or to pairs ``(mean, std)``.
        z: latents ``(n, *latent_shape)``.
        batch_size: derivatives of a decoding along one latent that are computed at once, at most; fewer if it is large.

    Raises:
        InputError: no latents, NaN or infinite values.
        ContractError: torch cannot differentiate ``decode``.
    """
    z = _checked(z)
    with eval_mode(owner(decode), gradients=True), torch.no_grad():
        home = place(owner(decode), z)
        size, rows = _sizes(decode, z[:1].to(home), batch_size)
        parts = [_columns(decode, z[block].to(home), size) for block in blocks(len(z), rows, "Jacobians")]
    return finite(torch.cat(parts).to(z.device), "derivatives of the decoder")


def volume_element(decode: Callable[[Tensor], Any], grid: Tensor, *, batch_size: int = BATCH_SIZE) -> Tensor:
    """Return ``√det JᵀJ`` at every latent: by how much a small piece of latent space grows when decoded.

    It is large on the boundaries between what a decoder keeps apart, and small where decodings hardly change.

    Args:
        decode: latents ``(n, d)`` to decodings, or to pairs ``(mean, std)``.
        grid: latents ``(…, d)``, such as ``(ny, nx, 2)``.

    Returns:
        ``(…)`` in double precision; 0 where the decoder's derivative has less than full rank.

    Raises:
        InputError: no latents, NaN or infinite values.
        ContractError: torch cannot differentiate ``decode``.

    >>> volume_element(lambda z: z * torch.tensor([2.0, 3.0]), torch.zeros(1, 2, 2))
    tensor([[6., 6.]], dtype=torch.float64)
    """
    z = _checked(grid).reshape(-1, grid.shape[-1])
    with eval_mode(owner(decode), gradients=True), torch.no_grad():
        model, out = owner(decode), torch.empty(len(z), dtype=torch.float64)
        home = place(model, z)
        size, rows = _sizes(decode, z[:1].to(home), batch_size)
        for block in blocks(len(z), rows, "volume elements"):
            j = _columns(decode, z[block].to(home), size)
            j = finite(j, "derivatives of the decoder").double()
            out[block] = torch.linalg.det(j.mT @ j).clamp(min=0).sqrt().cpu()
    return out.view(grid.shape[:-1])


def _checked(z: Any) -> Tensor:
    if not isinstance(z, Tensor) or not z.is_floating_point() or z.ndim < 2 or not z.numel():
        raise InputError("latents must be a floating-point tensor (n, *latent_shape)")
    return finite(z.detach(), "latents")


def _sizes(decode: Callable[[Tensor], Any], one: Tensor, batch_size: int) -> tuple[int, int]:
    """How many derivatives along one latent are computed at once, and of how many latents, from the decoding of one."""
    size = min(batch_size, max(1, CACHE // embedded(decode, one).shape[1]))
    return size, max(1, size // one.numel())


def _columns(decode: Callable[[Tensor], Any], z: Tensor, batch_size: int) -> Tensor:
    """Columns of the Jacobian, each the derivative along one latent."""
    awaken()
    d = z[0].numel()
    directions = torch.eye(d).to(z).view(d, 1, *z.shape[1:]).expand(d, *z.shape)
    columns = _mapped(decode, z, directions, batch_size)
    # A decoder that breaks off differentiation gives zeros here, and an error there.
    if columns is None or not columns.any():
        columns = torch.stack([_along(decode, z, direction) for direction in directions])
    return columns.movedim(0, 2)


def _mapped(decode: Callable[[Tensor], Any], z: Tensor, directions: Tensor, size: int) -> Tensor | None:
    """All derivatives with one decoding, or ``None`` for a decoder that torch can't map over directions."""
    with warnings.catch_warnings(), ContiguousGroups():
        warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
        try:
            found: Tensor = vmap(lambda v: jvp(partial(embedded, decode), (z,), (v,))[1], chunk_size=size)(directions)
        except (RuntimeError, NotImplementedError, ContractError):
            return None
    return found


def _along(decode: Callable[[Tensor], Any], z: Tensor, direction: Tensor) -> Tensor:
    try:
        with forward_ad.dual_level(), ContiguousGroups():
            dual = forward_ad.make_dual(z, direction)  # type: ignore[no-untyped-call]
            found = forward_ad.unpack_dual(embedded(decode, dual)).tangent  # type: ignore[no-untyped-call]
            column: Tensor | None = None if found is None else found.clone()
    except (RuntimeError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ContractError(f"the decoder cannot be differentiated by torch ({reason}); {MEND}") from error
    if column is None:
        raise ContractError(f"the decoder breaks off torch's differentiation (numpy, no_grad or detach); {MEND}")
    return column
