"""Curves from one latent to another: straight, along a great circle, or shortest in one of several metrics."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import as_tensor, in_kind_of
from latentassay.core.autoencoder import Decoder, latent_shape_of
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import FullCovarianceGaussian, Point
from latentassay.geometry.curves import space_evenly
from latentassay.geometry.decoders import MeanAndStd, decodes_std
from latentassay.geometry.density import density_geodesic
from latentassay.geometry.fisher_rao import VARIANT, Pair, as_pair, fisher_rao_geodesic, has_std
from latentassay.geometry.lengths import decoded_lengths, path_costs, plain_lengths, response_costs
from latentassay.geometry.pullback import pullback_geodesic
from latentassay.geometry.spherical import slerp
from latentassay.responses.paths import manifold_path
from latentassay.sampling import BATCH_SIZE, as_latents

FINE = 4
"""Pieces that every step is cut into where lengths are measured."""


class Interpolation(NamedTuple):
    """Curves between latents, at points evenly spaced in the metric that is named.

    For single end points there is no dimension n. Arrays are tensors, or numpy if the ends were.

    Attributes:
        z: latents ``(n, steps, *latent_shape)``; both ends are a and b exactly.
        x: their decodings ``(n, steps, *x_shape)``.
        std: standard deviations beside the latents, where the ends were Gaussians and the metric says them; else
            ``None``.
        lengths: length of every curve in each metric that is defined, ``(n,)``, measured on four times as many points:
            ``"euclidean"``; ``"spherical"``, the angle turned, in radians; ``"pullback"``, the length of the decoding;
            ``"response"``, ``∫ ‖R(z) − z‖² ds``, if the model encodes; ``"density"``, if ``codes`` were given;
            ``"fisher-rao"``, if there are standard deviations. 0 where both ends are equal.
        metric: the one in which they are shortest or straight.
        variant: how the curves were found.
    """

    z: Tensor
    x: Tensor
    std: Tensor | None
    lengths: dict[str, Float[Tensor, " *n"]]
    metric: str
    variant: str


class _Curves(NamedTuple):
    z: Tensor
    std: Tensor | None
    variant: str


class _Ends(NamedTuple):
    """What curves run between, and all that finding them may need.

    Attributes:
        model: decodes, and perhaps encodes.
        a: latents to start from, ``(n, *latent_shape)``.
        b: latents to end at.
        gaussians: mean and standard deviation of both, or ``None``.
        codes: latents of data, or ``None``.
        points: on every curve.
        options: of the metric.
    """

    model: Any
    a: Tensor
    b: Tensor
    gaussians: Pair | None
    codes: Any
    points: int
    options: dict[str, Any]


def interpolate(
    model: Decoder,
    a: Any,
    b: Any,
    *,
    metric: str = "euclidean",
    steps: int = 20,
    codes: Any = None,
    batch_size: int = BATCH_SIZE,
    **options: Any,
) -> Interpolation:
    """Interpolate between latents, and measure the length of the curve in every metric.

    ``"euclidean"`` is the straight line; ``"spherical"`` turns along a great circle; ``"pullback"`` is shortest in the
    decoder's metric JᵀJ (of its mean, and of its standard deviation where the model offers ``decode_std``);
    ``"fisher-rao"`` is shortest between Gaussians, and decodes their means; ``"response"`` is cheapest in ‖R(z) − z‖²
    (``manifold_path``); ``"density"`` keeps to where ``codes`` are dense.

    Args:
        model: any decoder; ``"response"`` needs an autoencoder.
        a: one latent ``latent_shape``, a batch ``(n, *latent_shape)``, a posterior, or a pair ``(mean, std)``, as
            tensors or arrays; where the metric needs no standard deviation, curves run between means.
        b: likewise, of the same shape; rows are paired.
        metric: one of the six.
        steps: points on every curve, both ends among them.
        codes: latents of data ``(m, *latent_shape)``; ``"density"`` needs them.
        batch_size: latents decoded at once when lengths are measured.
        options: for ``"pullback"`` and ``"density"`` ``controls`` and ``iterations`` (see ``pullback_geodesic``); for
            ``"response"`` those of ``manifold_path`` that it does not share with this.

    Raises:
        InputError: shapes that differ or do not fit the model, NaN or infinite values, standard deviations that are
            not positive, an unknown metric or option, or what a metric needs is missing.
        ContractError: ``"pullback"`` or ``"response"``, and torch cannot differentiate the model.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x / 2, lambda z: 2 * z, latent_shape=(2,))
    >>> line = interpolate(model, torch.zeros(2), torch.tensor([3.0, 4.0]))
    >>> line.z.shape, round(float(line.lengths["euclidean"]), 4), round(float(line.lengths["pullback"]), 4)
    (torch.Size([20, 2]), 5.0, 10.0)
    """
    find = _finder(metric, steps, options)
    first, last = _read(a), _read(b)
    shapes = [tuple(_mean(end).shape) for end in (first, last)]
    if shapes[0] != shapes[1]:
        raise InputError(f"a and b must have the same shape, got {shapes[0]} and {shapes[1]}")
    single = len(shapes[0]) == len(latent_shape_of(model))
    if single:
        first, last = _as_batch(first), _as_batch(last)
    ends = _Ends(
        model=model,
        a=as_latents(model, _mean(first)),
        b=as_latents(model, _mean(last)),
        gaussians=_both_gaussians(first, last, metric),
        codes=codes,
        points=(steps - 1) * FINE + 1,
        options=options,
    )
    found = _measure(model, find(ends), ends, metric, batch_size)
    return in_kind_of(_first_of(found) if single else found, a, b)


def _finder(metric: str, steps: int, options: dict[str, Any]) -> Callable[[_Ends], _Curves]:
    """Return the function that finds curves of a metric, if the call makes sense."""
    if metric not in LATENT_METRICS:
        raise InputError(f"metric must be one of {', '.join(LATENT_METRICS)}, got {metric!r}")
    if steps < 2:
        raise InputError(f"steps must be at least 2, the two ends, got {steps}")
    find, allowed = LATENT_METRICS[metric]
    unknown = set(options) - set(allowed)
    if unknown:
        takes = ", ".join(allowed) or "none"
        raise InputError(f"metric {metric!r} does not take {', '.join(sorted(unknown))}; its options are: {takes}")
    return find


def _measure(model: Decoder, curves: _Curves, ends: _Ends, metric: str, batch_size: int) -> Interpolation:
    """Decode curves and measure them on all their points, and keep every ``FINE``-th."""
    x, lengths = decoded_lengths(model, curves.z, FINE, batch_size)
    return Interpolation(
        z=curves.z[:, ::FINE].contiguous(),
        x=x,
        std=None if curves.std is None else curves.std[:, ::FINE].to(curves.z),
        lengths=plain_lengths(curves.z, curves.std, ends.codes) | lengths,
        metric=metric,
        variant=curves.variant,
    )


def _first_of(found: Interpolation) -> Interpolation:
    """Leave out the dimension n where single latents were given."""
    return found._replace(
        z=found.z[0],
        x=found.x[0],
        std=None if found.std is None else found.std[0],
        lengths={name: length[0] for name, length in found.lengths.items()},
    )


def _read(end: Any) -> Any:
    """Return an end as a tensor, a pair of tensors, or the posterior that it is."""
    if isinstance(end, np.ndarray | Tensor):
        return as_tensor(end, "latents")
    if isinstance(end, tuple | list) and len(end) == 2 and all(isinstance(part, np.ndarray | Tensor) for part in end):
        return as_tensor(end[0], "mean"), as_tensor(end[1], "std")
    return end


def _mean(end: Any) -> Tensor:
    mean = end[0] if isinstance(end, tuple | list) and len(end) == 2 else getattr(end, "mean", end)
    mean = end if isinstance(end, Tensor) else mean  # a tensor has a method of this name
    if not isinstance(mean, Tensor):
        raise InputError(f"a and b must be latents, posteriors or pairs (mean, std), got {type(end).__name__}")
    return mean


def _as_batch(end: Any) -> Any:
    """Give one latent, or one pair, a first dimension; posteriors have it."""
    if hasattr(end, "std") and not isinstance(end, Tensor):
        return end
    return tuple(part[None] for part in end) if isinstance(end, tuple | list) else end[None]


def _both_gaussians(a: Any, b: Any, metric: str) -> Pair | None:
    """Mean and standard deviation of both ends, where they are diagonal Gaussians or have to be."""
    unfit = any(isinstance(end, Point | FullCovarianceGaussian) or not has_std(end) for end in (a, b))
    return None if unfit and not (metric == "fisher-rao" and has_std(a) and has_std(b)) else as_pair(a, b)


def _pin_ends(z: Tensor, ends: _Ends) -> Tensor:
    """Put both ends in place, which rounding may have moved."""
    z[:, 0], z[:, -1] = ends.a, ends.b
    return z


def _find_straight(ends: _Ends) -> _Curves:
    t = torch.linspace(0, 1, ends.points, dtype=torch.float64, device=ends.a.device)
    share = t.view(1, -1, *[1] * (ends.a.ndim - 1))

    def line(first: Tensor, last: Tensor) -> Tensor:
        return torch.lerp(first.double().unsqueeze(1), last.double().unsqueeze(1), share).to(first)

    std = None if ends.gaussians is None else line(ends.gaussians[0][1], ends.gaussians[1][1])
    return _Curves(_pin_ends(line(ends.a, ends.b), ends), std, "straight line")


def _find_spherical(ends: _Ends) -> _Curves:
    return _Curves(slerp(ends.a, ends.b, ends.points), None, "great circle, lengths in equal steps")


def _find_pullback(ends: _Ends) -> _Curves:
    decode: Callable[[Tensor], Any] = MeanAndStd(ends.model) if decodes_std(ends.model) else ends.model.decode
    found = pullback_geodesic(decode, ends.a, ends.b, steps=ends.points, **ends.options)
    return _Curves(found.z, None, found.variant)


def _find_density(ends: _Ends) -> _Curves:
    if ends.codes is None:
        raise InputError('metric="density" needs codes=, latents of data such as la.sampling.encode(model, data).mean')
    found = density_geodesic(ends.codes, ends.a, ends.b, steps=ends.points, **ends.options)
    return _Curves(found.z, None, found.variant)


def _find_fisher_rao(ends: _Ends) -> _Curves:
    if ends.gaussians is None:
        raise InputError('metric="fisher-rao" joins Gaussians: give posteriors or pairs (mean, std) for a and b')
    found = fisher_rao_geodesic(*ends.gaussians, steps=ends.points)
    return _Curves(_pin_ends(found.mean.to(ends.a), ends), found.std, f"{VARIANT}; means")


def _find_response(ends: _Ends) -> _Curves:
    if not hasattr(ends.model, "encode"):
        raise ContractError('metric="response" decodes and encodes, and this model does not encode')
    paths, variant = [], "ends are equal"
    for first, last in zip(ends.a, ends.b, strict=True):
        if torch.equal(first, last):
            paths.append(first.expand(ends.points, *first.shape))
            continue
        found = manifold_path(ends.model, first, last, **({"points": max(64, ends.points)} | ends.options))
        z, variant = found.manifold.z, found.variant
        # The temperature is what a step costs where nothing else does: without it, steps would stand still there.
        costs = path_costs(z, response_costs(ends.model, z, BATCH_SIZE) + found.temperature)
        paths.append(space_evenly(z[None], costs[None], ends.points)[0])
    return _Curves(_pin_ends(torch.stack(paths), ends), None, variant)


SEARCH = ("controls", "iterations")
"""Options of a search for geodesics."""

PATH = ("latents", "through", "refine", "temperature", "points", "n", "extent", "controls", "budget")
"""Options of ``manifold_path``."""

LATENT_METRICS: dict[str, tuple[Callable[[_Ends], _Curves], tuple[str, ...]]] = {
    "euclidean": (_find_straight, ()),
    "spherical": (_find_spherical, ()),
    "pullback": (_find_pullback, SEARCH),
    "fisher-rao": (_find_fisher_rao, ()),
    "response": (_find_response, PATH),
    "density": (_find_density, SEARCH),
}
"""Every metric of latent space that ``interpolate`` knows: how its curves are found, and the options it takes."""
