"""Shortest ways in the metric that a decoder pulls back to the latents: as long as what happens to the decodings."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from latentassay.core.autoencoder import eval_mode, modules_of
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import finite
from latentassay.geometry.curves import BATCH, CONTROLS, ITERATIONS, Geodesics, Pieces, shortest

MEND = 'lengths need no derivatives, though: la.interpolate(model, a, b, metric="euclidean").lengths["pullback"]'


def pullback_geodesic(
    decode: Callable[[Tensor], Any],
    a: Tensor,
    b: Tensor,
    *,
    steps: int = 20,
    controls: int = CONTROLS,
    iterations: int = ITERATIONS,
    batch_size: int = BATCH,
) -> Geodesics:
    """Find the shortest way from every a to its b in the metric JᵀJ, J the derivative of the decoder.

    A curve is as long as its decoding, so no Jacobian is needed: a cubic spline is bent until its energy
    ``E = T Σ ‖D(z_{t+1}) − D(z_t)‖²`` over T = 32 pieces is least. The search goes downhill from the straight line,
    so a detour that begins uphill is not found; where it finds nothing shorter, the straight line is returned.

    Args:
        decode: latents ``(n, *latent_shape)`` to decodings; or to a pair ``(mean, std)``, where the decoder states how
            sure it is, whose metric is ``JᵀJ`` of both, one after the other.
        a: latents ``(n, *latent_shape)``.
        b: likewise; rows are paired.
        steps: points that are returned, both ends among them, evenly spaced by length of the decoding.
        controls: inner points of the spline.
        iterations: most steps of the search; it ends early when three in a row gain less than 0.01 % of the energy.
        batch_size: latents decoded at once.

    Raises:
        InputError: shapes that differ, NaN or infinite values, or too small a number.
        ContractError: torch cannot differentiate ``decode`` (numpy inside, ``no_grad``, ``detach``).

    Sources: Arvanitidis, Hansen & Hauberg, Latent space oddity, 2018 (metric of mean and standard deviation); Shao,
    Kumar & Fletcher, The Riemannian geometry of deep generative models, 2018 (discrete energy).

    >>> circle = lambda t: torch.cat([t.cos(), t.sin()], 1)
    >>> pullback_geodesic(circle, torch.zeros(1, 1), torch.full((1, 1), torch.pi)).length.round(decimals=2)
    tensor([3.1400], dtype=torch.float64)
    """
    a, b = latent_pair(a, b)
    with eval_mode(owner(decode), gradients=True):
        ways = shortest(
            a.double(),
            b.double(),
            pieces_of(decode, a),
            "pullback metric of the decoder",
            steps=steps,
            controls=controls,
            iterations=iterations,
            batch_size=batch_size,
        )
    return ways._replace(z=ways.z.to(a))


def latent_pair(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Check two batches of latents ``(n, *latent_shape)`` that belong together row by row."""
    for name, end in (("a", a), ("b", b)):
        if not isinstance(end, Tensor) or not end.is_floating_point() or end.ndim < 2 or not len(end):
            got = f"{tuple(end.shape)} of {end.dtype}" if isinstance(end, Tensor) else type(end).__name__
            raise InputError(f"{name} must be a floating-point tensor (n, *latent_shape), got {got}")
    if a.shape != b.shape:
        raise InputError(f"a and b must have the same shape, got {tuple(a.shape)} and {tuple(b.shape)}")
    return finite(a.detach(), "a"), finite(b.detach(), "b").to(a)


def owner(decode: Any) -> Any:
    """Whom a callable belongs to: the model of a bound method, or itself."""
    return getattr(decode, "__self__", decode)


def pieces_of(decode: Callable[[Tensor], Any], like: Tensor) -> Pieces:
    """Return the function that measures every piece of curves by the squared change of its decoding."""
    home = place(owner(decode), like)

    def pieces(curves: Tensor) -> Tensor:
        x = embedded(decode, curves.flatten(0, 1).to(home)).view(*curves.shape[:2], -1)
        return (x[:, 1:] - x[:, :-1]).square().sum(2).to(curves.device)

    return pieces


def embedded(decode: Callable[[Tensor], Any], z: Tensor) -> Tensor:
    """Decode latents into rows ``(n, values)``; a standard deviation is set beside its mean."""
    try:
        decoded = decode(z)
    except (RuntimeError, NotImplementedError) as error:
        if not z.requires_grad:
            raise
        reason = str(error).strip().splitlines()[0]  # torch's word when numpy() meets what is being differentiated
        raise ContractError(f"the decoder cannot be differentiated by torch ({reason}); {MEND}") from error
    parts = decoded if isinstance(decoded, tuple | list) else (decoded,)
    if not all(isinstance(part, Tensor) and part.shape[:1] == z.shape[:1] for part in parts):
        raise ContractError(f"decode must return tensors with one row for each of {len(z)} latents")
    x = torch.cat([part.flatten(1) for part in parts], 1)
    if z.requires_grad and not x.requires_grad:
        raise ContractError(f"the decoder breaks off torch's differentiation (numpy, no_grad or detach); {MEND}")
    return finite(x, "decodings")


def place(model: Any, like: Tensor) -> Tensor:
    """A tensor that lives where the model does; where ``like`` does if the model has no weights."""
    for module in modules_of(model):
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                return tensor.detach()
    return like


def states_std(model: Any) -> bool:
    """Whether a decoder offers ``decode_std(z)``, the standard deviation of the observation."""
    return callable(getattr(model, "decode_std", None))


class WithStd(nn.Module):
    """Decodes mean and standard deviation of a model that states both."""

    def __init__(self, model: Any):
        super().__init__()
        self._models = (model,)
        self.parts = nn.ModuleList(modules_of(model))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return both, each ``(n, *x_shape)``."""
        model = self._models[0]
        return model.decode(z), model.decode_std(z)
