"""Ways from one latent to another: straight, along a great circle, or shortest in one of several metrics."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.autoencoder import Decoder
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import FullCovarianceGaussian, Point
from latentassay.geometry.curves import evenly_by
from latentassay.geometry.density import density_geodesic
from latentassay.geometry.fisher_rao import VARIANT, as_pair, fisher_rao_geodesic, stated
from latentassay.geometry.lengths import decoded_lengths, plain_lengths, response_costs
from latentassay.geometry.pullback import WithStd, pullback_geodesic, states_std
from latentassay.geometry.spherical import slerp
from latentassay.responses.paths import manifold_path
from latentassay.sampling import BATCH_SIZE, as_latents

FINE = 4
"""Pieces that every step is cut into where lengths are measured."""


class Interpolation(NamedTuple):
    """Ways between latents, at points evenly spaced in the metric that was asked for.

    For single end points there is no dimension n.

    Attributes:
        z: latents ``(n, steps, *latent_shape)``; both ends are those that were given.
        x: their decodings ``(n, steps, *x_shape)``.
        std: standard deviations beside the latents, where the ends were Gaussians and the way says them; else ``None``.
        lengths: length of every way in each metric that is defined, ``(n,)``, measured on a curve of four times as many
            points: ``"euclidean"``; ``"spherical"``, the angle turned, in radians; ``"pullback"``, the length of the
            decoding; ``"response"``, ``∫ ‖R(z) − z‖² ds``, if the model encodes; ``"density"``, if ``codes`` were
            given; ``"fisher-rao"``, if there are standard deviations. 0 where both ends are equal.
        metric: the one that was asked for.
        variant: how the ways were found.
    """

    z: Tensor
    x: Tensor
    std: Tensor | None
    lengths: dict[str, Float[Tensor, " *n"]]
    metric: str
    variant: str


_Pair = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]


class _Ways(NamedTuple):
    z: Tensor
    std: Tensor | None
    variant: str


class _Ends(NamedTuple):
    model: Any
    a: Tensor
    b: Tensor
    gaussians: _Pair | None
    codes: Tensor | None
    points: int
    options: dict[str, Any]


def interpolate(
    model: Decoder,
    a: Any,
    b: Any,
    *,
    metric: str = "euclidean",
    steps: int = 20,
    codes: Tensor | None = None,
    batch_size: int = BATCH_SIZE,
    **options: Any,
) -> Interpolation:
    """Go from a to b, and say how long the way is in every metric.

    ``"euclidean"`` is the straight line; ``"spherical"`` turns along a great circle; ``"pullback"`` is shortest in the
    decoder's metric JᵀJ (of its mean, and of its standard deviation where the model offers ``decode_std``);
    ``"fisher-rao"`` is shortest between Gaussians, and decodes their means; ``"response"`` is cheapest in ‖R(z) − z‖²
    (``manifold_path``); ``"density"`` keeps to where ``codes`` are dense.

    Args:
        model: any decoder; ``"response"`` needs an autoencoder.
        a: one latent ``latent_shape``, a batch ``(n, *latent_shape)``, a posterior, or a pair ``(mean, std)``; where
            the metric needs no standard deviation, means are joined.
        b: likewise, of the same shape; rows are paired.
        metric: one of the six.
        steps: points on every way, both ends among them.
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
    >>> way = interpolate(model, torch.zeros(2), torch.tensor([3.0, 4.0]))
    >>> way.z.shape, round(float(way.lengths["euclidean"]), 4), round(float(way.lengths["pullback"]), 4)
    (torch.Size([20, 2]), 5.0, 10.0)
    """
    way_of = _way_of(metric, steps, options)
    if _mean(a).shape != _mean(b).shape:
        raise InputError(f"a and b must have the same shape, got {tuple(_mean(a).shape)} and {tuple(_mean(b).shape)}")
    single = _mean(a).ndim == len(model.latent_shape)
    one, other = (_batched(end) if single else end for end in (a, b))
    first, last = (as_latents(model, _mean(end)) for end in (one, other))
    ways = way_of(_Ends(model, first, last, _both(one, other, metric), codes, (steps - 1) * FINE + 1, options))
    x, lengths = decoded_lengths(model, ways.z, FINE, batch_size)
    lengths = plain_lengths(ways.z, ways.std, codes) | lengths
    z, std = ways.z[:, ::FINE].contiguous(), None if ways.std is None else ways.std[:, ::FINE].to(ways.z)
    if single:
        z, x, std = z[0], x[0], None if std is None else std[0]
        lengths = {name: length[0] for name, length in lengths.items()}
    return Interpolation(z, x, std, lengths, metric, ways.variant)


def _way_of(metric: str, steps: int, options: dict[str, Any]) -> Callable[[_Ends], _Ways]:
    """How ways of a metric are found, if the call makes sense."""
    if metric not in METRICS:
        raise InputError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}")
    if steps < 2:
        raise InputError(f"steps must be at least 2, the two ends, got {steps}")
    way_of, allowed = METRICS[metric]
    unknown = set(options) - set(allowed)
    if unknown:
        takes = ", ".join(allowed) or "none"
        raise InputError(f"metric {metric!r} does not take {', '.join(sorted(unknown))}; its options are: {takes}")
    return way_of


def _mean(end: Any) -> Tensor:
    mean = end[0] if isinstance(end, tuple | list) and len(end) == 2 else getattr(end, "mean", end)
    mean = end if isinstance(end, Tensor) else mean
    if not isinstance(mean, Tensor):
        raise InputError(f"a and b must be latents, posteriors or pairs (mean, std), got {type(end).__name__}")
    return mean


def _batched(end: Any) -> Any:
    """Give one latent, or one pair, a first dimension; posteriors have it."""
    if hasattr(end, "std") and not isinstance(end, Tensor):
        return end
    return tuple(part[None] for part in end) if isinstance(end, tuple | list) else end[None]


def _both(a: Any, b: Any, metric: str) -> _Pair | None:
    """Mean and standard deviation of both ends, where they are diagonal Gaussians or have to be."""
    unfit = any(isinstance(end, Point | FullCovarianceGaussian) or not stated(end) for end in (a, b))
    return None if unfit and not (metric == "fisher-rao" and stated(a) and stated(b)) else as_pair(a, b)


def _share(ends: _Ends, like: Tensor) -> Tensor:
    t = torch.linspace(0, 1, ends.points, dtype=torch.float64, device=like.device)
    return t.view(1, -1, *[1] * (like.ndim - 1))


def _straight(ends: _Ends) -> _Ways:
    def line(first: Tensor, last: Tensor) -> Tensor:
        way = torch.lerp(first.double().unsqueeze(1), last.double().unsqueeze(1), _share(ends, first))
        return way.to(first)

    std = None if ends.gaussians is None else line(ends.gaussians[0][1], ends.gaussians[1][1])
    return _Ways(_pinned(line(ends.a, ends.b), ends), std, "straight line")


def _pinned(z: Tensor, ends: _Ends) -> Tensor:
    z[:, 0], z[:, -1] = ends.a, ends.b
    return z


def _turning(ends: _Ends) -> _Ways:
    return _Ways(slerp(ends.a, ends.b, ends.points), None, "great circle, lengths in equal steps")


def _pulled(ends: _Ends) -> _Ways:
    decode: Callable[[Tensor], Any] = WithStd(ends.model) if states_std(ends.model) else ends.model.decode
    ways = pullback_geodesic(decode, ends.a, ends.b, steps=ends.points, **ends.options)
    return _Ways(ways.z, None, ways.variant)


def _dense(ends: _Ends) -> _Ways:
    if ends.codes is None:
        raise InputError('metric="density" needs codes=, latents of data such as la.sampling.encode(model, data).mean')
    ways = density_geodesic(ends.codes, ends.a, ends.b, steps=ends.points, **ends.options)
    return _Ways(ways.z, None, ways.variant)


def _between_gaussians(ends: _Ends) -> _Ways:
    if ends.gaussians is None:
        raise InputError('metric="fisher-rao" joins Gaussians: give posteriors or pairs (mean, std) for a and b')
    ways = fisher_rao_geodesic(*ends.gaussians, steps=ends.points)
    return _Ways(_pinned(ways.mean.to(ends.a), ends), ways.std, f"{VARIANT}; means")


def _responding(ends: _Ends) -> _Ways:
    if not hasattr(ends.model, "encode"):
        raise ContractError('metric="response" decodes and encodes, and this model does not encode')
    ways, variant = [], "ends are equal"
    for first, last in zip(ends.a, ends.b, strict=True):
        if torch.equal(first, last):
            ways.append(first.expand(ends.points, *first.shape))
            continue
        found = manifold_path(ends.model, first, last, **({"points": max(64, ends.points)} | ends.options))
        z, variant = found.manifold.z, found.variant
        costs = response_costs(ends.model, z, BATCH_SIZE) + found.temperature
        pieces = (z[1:] - z[:-1]).flatten(1).double().norm(dim=1) * 0.5 * (costs[1:] + costs[:-1])
        ways.append(evenly_by(z[None], pieces[None], ends.points)[0])
    return _Ways(_pinned(torch.stack(ways), ends), None, variant)


SEARCH = ("controls", "iterations")
PATH = ("latents", "through", "refine", "temperature", "points", "n", "extent", "controls", "budget")

METRICS: dict[str, tuple[Callable[[_Ends], _Ways], tuple[str, ...]]] = {
    "euclidean": (_straight, ()),
    "spherical": (_turning, ()),
    "pullback": (_pulled, SEARCH),
    "fisher-rao": (_between_gaussians, ()),
    "response": (_responding, PATH),
    "density": (_dense, SEARCH),
}
"""Every metric, how its ways are found, and the options it takes."""
