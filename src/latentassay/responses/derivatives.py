"""Exact derivatives of the response by forward-mode differentiation: Jacobian and divergence (LR 4.3, A.3)."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.autograd import forward_ad
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import finite
from latentassay.responses.response import respond_once
from latentassay.sampling import BATCH_SIZE, as_latents, beside, blocks

FIX = "use finite differences on a grid instead: la.divergence(la.response_field(model, latents))"


class ResponseDivergence(NamedTuple):
    """Divergence of F = R(z) − z in all latents.

    Attributes:
        value: ``tr J_R(z) − d``, ``(n,)``; negative where responses flow together.
        stderr: standard error of Hutchinson's estimate, ``(n,)``; 0 where the trace is exact.
        variant: exact, or with how many probes.
    """

    value: Float[Tensor, " n"]
    stderr: Float[Tensor, " n"]
    variant: str


def response_jacobian(
    model: Autoencoder, z: Tensor, *, latents: Sequence[int] | None = None, batch_size: int = BATCH_SIZE
) -> Float[Tensor, "n k k"]:
    """Return ``J[·,a,b] = ∂R_a/∂z_b`` at every latent, one forward-mode pass for each of the k latents.

    Args:
        model: an autoencoder that torch can differentiate.
        z: latents ``(n, *latent_shape)``; indices count in the flattened latent.
        latents: rows and columns that are wanted; all where left out.

    Raises:
        InputError: latents of another shape, or an index out of range.
        ContractError: the model leaves torch's differentiation (numpy inside, ``no_grad``, ``detach``).
    """
    z = as_latents(model, z)
    wanted = _indices(latents, z.flatten(1).shape[1])
    out = torch.empty(len(z), len(wanted), len(wanted), dtype=z.dtype)
    for block, derivative in _differentiating(model, z, batch_size, "Jacobians"):
        for column, latent in enumerate(wanted):
            direction = torch.zeros_like(z[block])
            direction.flatten(1)[:, latent] = 1
            out[block, :, column] = derivative(direction).flatten(1)[:, wanted]
    return finite(out, "Jacobians of the response")


def response_divergence(
    model: Autoencoder,
    z: Tensor,
    *,
    probes: int | None = None,
    generator: Generator | None = None,
    batch_size: int = BATCH_SIZE,
) -> ResponseDivergence:
    """Return ``∇·F = tr J_R(z) − d`` at every latent, over all d latents rather than on one plane.

    Args:
        model: an autoencoder that torch can differentiate.
        z: latents ``(n, *latent_shape)``.
        probes: estimate the trace from so many random sign vectors v as the mean of ``vᵀ J v`` (Hutchinson 1990), at
            one pass each instead of d; exact where left out.
        generator: draws the probes.

    Raises:
        InputError: latents of another shape, fewer than two probes, or probes without a generator.
        ContractError: the model leaves torch's differentiation.
    """
    z = as_latents(model, z)
    d = z.flatten(1).shape[1]
    if probes is not None and (probes < 2 or generator is None):
        raise InputError(f"probes={probes} needs at least 2 probes and generator=torch.Generator().manual_seed(0)")
    rounds = d if probes is None else probes
    terms = torch.empty(len(z), rounds, dtype=torch.float64)
    for block, derivative in _differentiating(model, z, batch_size, "divergence"):
        for k in range(rounds):
            direction = _direction(z[block], None if probes is None else generator, k)
            terms[block, k] = (direction * derivative(direction)).flatten(1).sum(1).double().cpu()
    finite(terms, "derivatives of the response")
    if probes is None:
        return ResponseDivergence(terms.sum(1) - d, torch.zeros(len(z), dtype=torch.float64), f"exact trace, d = {d}")
    stderr = terms.std(1) / probes**0.5
    return ResponseDivergence(terms.mean(1) - d, stderr, f"Hutchinson, {probes} sign probes, d = {d}")


def _direction(z: Tensor, generator: Generator | None, k: int) -> Tensor:
    """The k-th unit vector for every row, or random signs."""
    if generator is None:
        unit = torch.zeros_like(z)
        unit.flatten(1)[:, k] = 1
        return unit
    return torch.randint(2, z.shape, generator=beside(generator, z.device), device=z.device).to(z) * 2 - 1


def _indices(latents: Sequence[int] | None, d: int) -> list[int]:
    wanted = list(range(d) if latents is None else latents)
    if not wanted or len(set(wanted)) < len(wanted) or not all(0 <= latent < d for latent in wanted):
        raise InputError(f"latents must be different numbers in 0..{d - 1}, got {latents}")
    return wanted


def _differentiating(
    model: Autoencoder, z: Tensor, batch_size: int, label: str
) -> Iterator[tuple[slice, Callable[[Tensor], Tensor]]]:
    """Yield every batch with its directional derivative ``v ↦ J_R v``."""
    awaken()
    with eval_mode(model, gradients=True) as (device, dtype), torch.no_grad():
        for block in blocks(len(z), batch_size, label):
            base = z[block].to(device, dtype)
            respond = partial(respond_once, model)
            yield block, partial(derivative_along, respond, base, what="model", fix=FIX)


@cache
def awaken() -> None:
    """Let torch load its forward-mode rules once; it warns of its own ``torch.jit`` while it does."""
    with warnings.catch_warnings(), forward_ad.dual_level():
        warnings.simplefilter("ignore", DeprecationWarning)
        forward_ad.make_dual(torch.zeros(1), torch.zeros(1))  # type: ignore[no-untyped-call]


class ContiguousGroups(TorchFunctionMode):
    """Lets forward mode through group normalisation: torch's rule takes its input for contiguous, whatever it is."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call ``func``, with a contiguous first argument where it normalises groups."""
        if func in (functional.group_norm, torch.group_norm):
            args = (args[0].contiguous(), *args[1:])
        return func(*args, **(kwargs or {}))


def derivative_along(
    function: Callable[[Tensor], Tensor], z: Tensor, direction: Tensor, *, what: str, fix: str
) -> Tensor:
    """Return ``J v``, the derivative of a function of latents along one direction, in one forward-mode pass.

    Args:
        function: latents ``(n, *latent_shape)`` to a tensor of n rows.
        z: where, ``(n, *latent_shape)``.
        direction: v, of the same shape.
        what: what to call the function in a message, e.g. ``"decoder"``.
        fix: how the message ends.

    Raises:
        ContractError: torch cannot differentiate the function (numpy inside, ``no_grad``, ``detach``).
    """
    try:
        with forward_ad.dual_level(), ContiguousGroups():
            dual = forward_ad.make_dual(z, direction.to(z))  # type: ignore[no-untyped-call]
            answer = forward_ad.unpack_dual(function(dual))  # type: ignore[no-untyped-call]
            # Dual numbers die with their level; what detached them on the way has no tangent, and raises nothing.
            tangent: Tensor | None = None if answer.tangent is None else answer.tangent.clone()
    except (RuntimeError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ContractError(f"the {what} cannot be differentiated by torch ({reason}); {fix}") from error
    if tangent is None:
        raise ContractError(f"the {what} breaks off torch's differentiation (numpy, no_grad or detach); {fix}")
    return tangent
