"""Exact derivatives of the response by forward-mode differentiation: Jacobian and divergence (LR 4.3, A.3)."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from threading import RLock
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.autograd import forward_ad
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from latentassay.core.arrays import Array, in_kind_of, like
from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import finite
from latentassay.core.randomness import as_generator
from latentassay.responses.response import respond_once
from latentassay.sampling import BATCH_SIZE, as_latents, beside, blocks

FIX = "use finite differences on a grid instead: la.divergence(la.response_field(model, latents))"

ONE_AT_A_TIME = RLock()
"""Held while torch differentiates in forward mode: its levels belong to the process, and a second thread meets them."""


class ResponseDivergence(NamedTuple):
    """Divergence of F = R(z) − z in all latents; arrays of the kind that z was.

    Attributes:
        value: ``tr J_R(z) − d``, ``(n,)``; negative where responses flow together.
        value_stderr: standard error of Hutchinson's estimate, ``(n,)``; 0 where the trace is exact.
        variant: exact, or with how many probes.
    """

    value: Float[Tensor, " n"]
    value_stderr: Float[Tensor, " n"]
    variant: str


def response_jacobian(
    model: Autoencoder, z: Array, *, latents: Sequence[int] | None = None, batch_size: int = BATCH_SIZE
) -> Array:
    """Return the Jacobian of the response, ``J[·,a,b] = ∂R_a/∂z_b``, at every latent: one pass for each of k latents.

    Args:
        model: an autoencoder that torch can differentiate.
        z: latents ``(n, *latent_shape)``; indices count in the flattened latent.
        latents: rows and columns that are wanted; all where left out.

    Returns:
        Jacobians ``(n, k, k)`` of the kind that z is.

    Raises:
        InputError: latents of another shape, or an index out of range.
        ContractError: the model leaves torch's differentiation (numpy inside, ``no_grad``, ``detach``).
    """
    base = as_latents(model, z)
    wanted = _indices(latents, base.flatten(1).shape[1])
    out = torch.empty(len(base), len(wanted), len(wanted), dtype=base.dtype)
    for block, derivative in _differentiate(model, base, batch_size, "Jacobians"):
        for column, latent in enumerate(wanted):
            direction = _unit_vectors(base[block], latent)
            out[block, :, column] = derivative(direction).flatten(1)[:, wanted]
    return like(finite(out, "Jacobians of the response"), z)


def response_divergence(
    model: Autoencoder,
    z: Tensor | np.ndarray,
    *,
    probes: int | None = None,
    generator: Generator | int = 0,
    batch_size: int = BATCH_SIZE,
) -> ResponseDivergence:
    """Return the divergence of the response, ``∇·F = tr J_R(z) − d``, at every latent: over all d, not on one plane.

    Args:
        model: an autoencoder that torch can differentiate.
        z: latents ``(n, *latent_shape)``.
        probes: estimate the trace from so many random sign vectors v as the mean of ``vᵀ J v`` (Hutchinson 1990), at
            one pass each instead of d; exact where left out.
        generator: draws the probes.

    Raises:
        InputError: latents of another shape, fewer than two probes.
        ContractError: the model leaves torch's differentiation.
    """
    if probes is not None and probes < 2:
        raise InputError(f"probes must be at least 2, which a standard error needs, or None, got {probes}")
    base, generator = as_latents(model, z), as_generator(generator)
    d = base.flatten(1).shape[1]
    terms = torch.empty(len(base), d if probes is None else probes, dtype=torch.float64)
    for block, derivative in _differentiate(model, base, batch_size, "divergence"):
        for k in range(terms.shape[1]):
            at = base[block]
            direction = _unit_vectors(at, k) if probes is None else _signs(at, generator)
            terms[block, k] = (direction * derivative(direction)).flatten(1).sum(1).double().cpu()
    finite(terms, "derivatives of the response")
    if probes is None:
        found = ResponseDivergence(terms.sum(1) - d, torch.zeros_like(terms[:, 0]), f"exact trace, d = {d}")
    else:
        stderr = terms.std(1) / probes**0.5
        found = ResponseDivergence(terms.mean(1) - d, stderr, f"Hutchinson, {probes} sign probes, d = {d}")
    return in_kind_of(found, z)


def _unit_vectors(z: Tensor, latent: int) -> Tensor:
    """The unit vector along one latent, for every row of z."""
    direction = torch.zeros_like(z, memory_format=torch.contiguous_format)
    direction.flatten(1)[:, latent] = 1
    return direction


def _signs(z: Tensor, generator: Generator) -> Tensor:
    """Random signs shaped like z."""
    return torch.randint(2, z.shape, generator=beside(generator, z.device), device=z.device).to(z) * 2 - 1


def _indices(latents: Sequence[int] | None, d: int) -> list[int]:
    wanted = list(range(d) if latents is None else latents)
    if not wanted or len(set(wanted)) < len(wanted) or not all(0 <= latent < d for latent in wanted):
        raise InputError(f"latents must be different numbers in 0..{d - 1}, got {latents}")
    return wanted


def _differentiate(
    model: Autoencoder, z: Tensor, batch_size: int, label: str
) -> Iterator[tuple[slice, Callable[[Tensor], Tensor]]]:
    """Yield every batch with its directional derivative ``v ↦ J_R v``."""
    load_rules()
    # Reverse mode is off: forward mode needs no graph, and memory would grow with every layer if one were kept.
    with eval_mode(model, z, gradients=True) as (device, dtype), torch.no_grad():
        for block in blocks(len(z), batch_size, label):
            base = z[block].to(device, dtype)
            respond = partial(respond_once, model)
            yield block, partial(derivative_along, respond, base, what="model", fix=FIX)


@cache
def load_rules() -> None:
    """Let torch load its forward-mode rules once; it warns of its own ``torch.jit`` while it does."""
    with ONE_AT_A_TIME, warnings.catch_warnings(), forward_ad.dual_level():
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
        with ONE_AT_A_TIME, forward_ad.dual_level(), ContiguousGroups():
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
