"""A spline through the latent space whose control points slide to where the way is cheapest (LR 4.3)."""

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.errors import ContractError
from latentassay.core.guard import differentiate
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.responses.response import respond_once

GOLDEN = 0.6180339887498949
FIX = "search a plane instead: la.manifold_path(model, a, b, latents=(i, j), refine=False)"
RESPACE, DENSE = 25, 512
"""Gradient steps between two respacings of the control points, and points that a spline is drawn with."""


def respace(way: Tensor, k: int) -> Tensor:
    """Return k points at equal distances along a polygon ``(m, *latent_shape)``, its ends among them."""
    flat = way.flatten(1).double()
    reach = torch.cat([torch.zeros(1, dtype=torch.float64), (flat[1:] - flat[:-1]).norm(dim=1).cpu().cumsum(0)])
    at = torch.linspace(0, float(reach[-1]), k, dtype=torch.float64)
    upper = torch.searchsorted(reach, at).clamp(1, len(reach) - 1)
    share = ((at - reach[upper - 1]) / (reach[upper] - reach[upper - 1]).clamp(min=1e-300)).clamp(0, 1)[:, None]
    inner = flat.cpu()
    out = inner[upper - 1] * (1 - share) + inner[upper] * share
    return out.to(way).view(k, *way.shape[1:])


def refine_way(
    model: Autoencoder,
    way: Tensor,
    price: float,
    *,
    points: int,
    controls: int,
    steps: int,
    budget: float | int | None,
) -> Tensor:
    """Lower the cost of a way by moving the control points of a spline; its ends stay.

    The points where the cost is looked at shift a little at every step, and the controls are spaced evenly again and
    again: otherwise the spline would learn to leap over a ridge between two looks.
    """
    from scipy.interpolate import CubicSpline

    began, knots = time.perf_counter(), np.linspace(0, 1, controls + 2)
    basis = CubicSpline(knots, np.eye(controls + 2), bc_type="natural")
    rate = 0.05 * float((way[-1] - way[0]).norm()) / (controls + 1)
    with eval_mode(model, way, gradients=True) as (device, dtype), bar(steps, "manifold path") as progress:
        # Squares of gradients vanish in half precision: points are moved in single, and rounded for the model alone.
        held = respace(way, controls + 2).to(device, torch.promote_types(dtype, torch.float32))
        for begin in range(0, steps, RESPACE):
            inner = held[1:-1].clone().requires_grad_()
            adam = Adam(inner, rate * (1 - begin / steps))
            for step in range(begin, min(begin + RESPACE, steps)):
                if budget is not None and time.perf_counter() - began > budget:
                    break
                nodes = torch.cat([held[:1], inner, held[-1:]])
                shift = (step * GOLDEN) % 1
                loss = _cost(model, nodes, basis, shift, looks=points // 2, price=price, dtype=dtype)
                adam.step(differentiate(loss, inner))
                progress.update(cost=f"{loss.item():.4g}")
            held = respace(_on_spline(torch.cat([held[:1], inner.detach(), held[-1:]]), basis, DENSE), controls + 2)
        return _on_spline(held, basis, DENSE).to(way)


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) for one tensor, to the bit what ``torch.optim.Adam`` does on a CPU.

    The optimisers of torch import its compiler when they are made, and sympy with it: a second of processor time, a
    quarter of what the assay of a small model takes.
    """

    def __init__(self, at: Tensor, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8):
        self._at, self._lr, self._betas, self._eps, self._steps = at, lr, betas, eps, 0
        self._mean, self._square = torch.zeros_like(at), torch.zeros_like(at)

    @torch.no_grad()
    def step(self, gradient: Tensor) -> None:
        """Move the tensor, in place."""
        (first, second), self._steps = self._betas, self._steps + 1
        self._mean.lerp_(gradient, 1 - first)
        self._square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        scale = self._square.sqrt().div_((1 - second**self._steps) ** 0.5).add_(self._eps)
        self._at.addcdiv_(self._mean, scale, value=-self._lr / (1 - first**self._steps))


def _on_spline(nodes: Tensor, basis: Any, k: int) -> Tensor:
    weights = torch.from_numpy(basis(np.linspace(0, 1, k))).to(nodes)
    points: Tensor = torch.tensordot(weights, nodes, dims=1)
    return points


def _cost(
    model: Autoencoder, nodes: Tensor, basis: Any, shift: float, *, looks: int, price: float, dtype: torch.dtype
) -> Tensor:
    """The integral by the midpoint rule over ``looks`` unequal pieces: the first begins ``shift`` of a piece early."""
    inside = (np.arange(looks) + shift) / looks
    cuts = np.unique(np.concatenate([[0.0], inside, [1.0]]))
    middles = 0.5 * (cuts[1:] + cuts[:-1])
    ends, z = (torch.tensordot(torch.from_numpy(basis(t)).to(nodes), nodes, dims=1) for t in (cuts, middles))
    lengths = (ends[1:] - ends[:-1]).flatten(1).norm(dim=1)
    try:
        response = respond_once(model, z.to(dtype))
    except (
        RuntimeError,
        ContractError,
    ) as error:  # torch's word when numpy() meets a tensor that is being differentiated
        raise ContractError(f"the model cannot be differentiated by torch ({error}); {FIX}") from error
    if not response.requires_grad:
        raise ContractError(f"the model breaks off torch's differentiation (numpy, no_grad or detach); {FIX}")
    moved = (response - z).flatten(1).square().sum(1)
    total: Tensor = (lengths * (finite(moved[:, None], "responses")[:, 0] + price)).sum()
    return total
