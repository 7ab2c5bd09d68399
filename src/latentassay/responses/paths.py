"""Interpolation on the manifold: the cheapest way between two latents, cost being ‖R(z) − z‖² (LR 4.3)."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import as_float_tensor, in_kind_of
from latentassay.core.autoencoder import Autoencoder, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.responses.field import axes_over, check_plane
from latentassay.responses.response import respond
from latentassay.responses.response_error import ResponseError, cheapest_way, response_error, stepping_stones
from latentassay.responses.spline import refine_way, respace
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE, as_latents, decode

REACH = 3.0
"""How far a plane reaches, in standard deviations of the prior; without one, in distances of the end points."""

NEAR = 10
"""Neighbours that a real latent is joined to."""

SHARE = 0.1
"""Default temperature, as a share of the mean cost along the straight line."""


class Curve(NamedTuple):
    """A way through the latent space at points evenly spaced by arc length; arrays of the kind that its ends were.

    Attributes:
        z: latents ``(k, *latent_shape)``, from one end point to the other.
        x: their decodings ``(k, *x_shape)``.
        distance: ‖R(z) − z‖ at every point, ``(k,)``.
        cost: ``∫ (‖R(z) − z‖² + temperature) ds``, by the trapezoidal rule.
        length: ``∫ ds``, Euclidean.
    """

    z: Tensor
    x: Tensor
    distance: Float[Tensor, " k"]
    cost: float
    length: float


class ManifoldPath(NamedTuple):
    """The cheapest way that was found, beside the straight line.

    Attributes:
        manifold: the way found; never costlier than the straight line.
        straight: the straight line.
        start: what the search in all latents began from: the cheapest of the ways that were given to begin with.
        temperature: the price of length in the cost.
        variant: how it was found, in words.
    """

    manifold: Curve
    straight: Curve
    start: Curve
    temperature: float
    variant: str


def manifold_path(
    model: Autoencoder,
    a: Tensor | np.ndarray,
    b: Tensor | np.ndarray,
    *,
    latents: tuple[int, int] | None = None,
    through: Any = None,
    refine: bool = True,
    temperature: float | None = None,
    points: int = 64,
    n: int = 100,
    extent: Any = None,
    plane: ResponseError | None = None,
    controls: int = 12,
    steps: int = 150,
    budget: float | int | None = None,
    batch_size: int = BATCH_SIZE,
) -> ManifoldPath:
    """Find the way from a to b that keeps to latents which the model recognises.

    It minimises ``∫ (‖R(z) − z‖² + temperature) ds``.

    The search begins with the best way across the plane of two ``latents`` (n × n points, Dijkstra), the others going
    straight from a to b; with the best way ``through`` real latents, from neighbour to neighbour; or with the straight
    line, from which it finds only what lies downhill. Then a cubic spline through ``controls`` points lowers the same
    integral in all latents by gradient descent.

    Args:
        model: any autoencoder; torch must be able to differentiate it if ``refine``.
        a: one latent, shaped ``latent_shape``.
        b: another.
        latents: the plane to search first; for two-dimensional models ``(0, 1)`` finds the best way there is.
        through: real latents ``(n, *latent_shape)``, some hundreds, such as codes of data; the best start where the
            latent space has more than two dimensions.
        refine: whether to go on in all latents.
        temperature: price of length; the lower, the longer the detours. A tenth of the mean cost of the straight line
            where left out.
        points: k, how many points a curve has; each gradient step looks at half as many.
        n: side of the grid on the plane.
        extent: ``(low, high)`` of the plane for both axes, or a pair of such pairs; it must hold both end points, and
            the detours. Where left out, 3 standard deviations of the prior, widened to hold the end points; without a
            prior, three times their distance.
        plane: what ``response_error`` measured on the plane of ``latents`` at the middle of both ends, in the place of
            ``n`` and ``extent``.
        controls: inner points of the spline.
        steps: gradient steps.
        budget: seconds after which no further step is taken.

    Raises:
        InputError: end points of another shape, or the same twice; latents that span no plane; a temperature
            or budget that is not positive; too few points; nothing to search (no ``latents``, no ``through``, no
            ``refine``).
        ContractError: ``refine``, and the model leaves torch's differentiation.
    """
    ends = _ends(model, a, b)
    Stopping(None, budget)  # refuses what is no budget
    _check(latents is None and through is None and not refine, temperature, points, controls, steps)
    free = _curve(model, respace(ends, points), 0.0, batch_size)
    price = max(SHARE * float(free.distance.square().mean()), 1e-12) if temperature is None else float(temperature)
    straight, starts = free._replace(cost=free.cost + price * free.length), list[Curve]()

    def curve(way: Tensor) -> Curve:
        return _curve(model, respace(way, points), price, batch_size)

    if latents is not None:
        check_plane(latent_shape_of(model), latents, n)
        if plane is None:
            xs, ys = _plane_axes(model, ends[:, list(latents)], n, extent)
            plane = response_error(model, latents, ends.mean(0), xs, ys, batch_size)
        starts.append(curve(_across(ends, latents, plane, price)))
    if through is not None:
        stones = as_latents(model, through)
        starts.append(curve(stepping_stones(model, ends, stones, price, neighbours=NEAR, batch_size=batch_size)))
    start = min(starts or [straight], key=lambda way: way.cost)
    found = (
        curve(refine_way(model, start.z, price, points=points, controls=controls, steps=steps, budget=budget))
        if refine
        else start
    )
    best = min((found, start, straight), key=lambda way: way.cost)
    sides = f"{len(plane.xs)}×{len(plane.ys)}" if plane is not None else ""
    ways = [f"{sides} plane of latents {latents[0]} and {latents[1]}"] if latents else []
    ways += [f"through {len(through)} real latents, {NEAR} neighbours each"] if through is not None else []
    ways += [f"spline of {controls} points in all latents, {steps} steps"] if refine else []
    path = ManifoldPath(best, straight, start, price, f"{', then '.join(ways)}; temperature {price:.3g}")
    return in_kind_of(path, a, b)


def _ends(model: Autoencoder, a: Any, b: Any) -> Tensor:
    first, last = as_float_tensor(a, "a"), as_float_tensor(b, "b")
    for end in (first, last):
        if tuple(end.shape) != latent_shape_of(model):
            raise InputError(f"end points must be single latents {latent_shape_of(model)}, got {tuple(end.shape)}")
    ends = as_latents(model, torch.stack([first.detach(), last.detach().to(first)]))
    if torch.equal(ends[0], ends[1]):
        raise InputError("a and b are the same latent; give two different ones")
    return ends


def _check(idle: bool, temperature: float | None, points: int, controls: int, steps: int) -> None:
    if idle:
        raise InputError("refine=False needs latents=(i, j), the plane to search, or through=, real latents")
    if temperature is not None and not 0 < temperature < float("inf"):
        raise InputError(f"temperature must be positive, got {temperature}")
    if points < 4 or controls < 1 or steps < 1:
        raise InputError(f"needs at least 4 points, 1 control and 1 step, got {points}, {controls} and {steps}")


def _curve(model: Autoencoder, z: Tensor, price: float, batch_size: int) -> Curve:
    distance = (respond(model, z, batch_size=batch_size) - z).flatten(1).double().norm(dim=1).cpu()
    lengths = (z[1:] - z[:-1]).flatten(1).double().norm(dim=1).cpu()
    cost = (lengths * (0.5 * (distance[1:].square() + distance[:-1].square()) + price)).sum()
    return Curve(z, decode(model, z, batch_size=batch_size), distance, float(cost), float(lengths.sum()))


def _across(ends: Tensor, latents: tuple[int, int], found: ResponseError, price: float) -> Tensor:
    """The cheapest way across a plane; the other latents keep to the middle while searching, then go straight."""
    corners = ends[:, list(latents)].double().cpu()
    inner = cheapest_way(found, corners[0], corners[1], price)[1:-1]
    across = torch.cat([corners[:1], inner, corners[1:]]).to(ends)
    share = torch.linspace(0, 1, len(across)).to(ends)[:, None]
    way = ends[0] * (1 - share) + ends[1] * share
    way[:, list(latents)] = across
    return way


def _plane_axes(model: Autoencoder, ends: Float[Tensor, "2 2"], n: int, extent: Any) -> tuple[Tensor, Tensor]:
    """Grid values of both latents of a plane that holds both ends."""
    corners = ends.double().cpu()
    xs, ys = axes_over(_plane(model, corners) if extent is None else extent, n)
    for axis, values in zip((xs, ys), corners.T, strict=True):
        if not bool(((axis[0] <= values) & (values <= axis[-1])).all()):
            raise InputError(f"extent {extent} does not hold the end points {corners.tolist()}; widen it")
    return xs, ys


def _plane(model: Autoencoder, corners: Float[Tensor, "2 2"]) -> Float[Tensor, "2 2"]:
    """Extent of the plane along both axes."""
    low, high = corners.amin(0), corners.amax(0)
    if model.prior is None:
        reach = REACH * float((high - low).max()) / 2
        middle = (low + high) / 2
        return torch.stack([middle - reach, middle + reach], 1)
    edge = torch.full((2,), REACH * model.prior.std, dtype=torch.float64)
    slack = 0.1 * edge
    return torch.stack([torch.minimum(low - slack, -edge), torch.maximum(high + slack, edge)], 1)
