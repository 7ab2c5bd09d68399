"""Where a spatial latent says something: variance of its posterior means, and noise, by channel and place."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import as_float_tensor, in_kind_of
from latentassay.core.errors import InputError
from latentassay.core.observations import finite
from latentassay.sampling import Codes
from latentassay.spatial.places import spatial_codes
from latentassay.stats.intervals import widen

ROWS = 64
"""Rows at a time in float64."""

VARIANT = (
    "variance over rows (n − 1) of posterior means at every place; noise E[s²]; errors from fourth moments, of places "
    "over rows (linearised, Student's t)"
)


Maps = Float[Tensor, "c *sides"]
"""A number for every channel and place."""

ByPlace = Float[Tensor, "*sides"]
"""A number for every place."""


class ActivityMaps(NamedTuple):
    """Moments of the codes of data at every place; tensors in double precision, or numpy arrays if the codes were.

    Attributes:
        mean: mean code, ``(c, *sides)``.
        variance: variance over rows of the posterior mean, ``(c, *sides)``.
        variance_stderr: its standard error, ``√((m₄ − variance²) / n)``, Student's t inside.
        noise: mean posterior variance E[s²], ``(c, *sides)``.
        log_noise: mean of ln s² over rows and channels, by place, ``(*sides,)``; −inf for a model without noise.
        log_noise_stderr: standard error over rows of how far it lies from its mean over places.
        by_channel: mean of ``variance`` over places, ``(c,)``.
        by_place: mean over channels of ``variance``, each channel in units of its own mean, ``(*sides,)``: 1 is usual.
        by_place_stderr: its standard error over rows.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    mean: Maps
    variance: Maps
    variance_stderr: Maps
    noise: Maps
    log_noise: ByPlace
    log_noise_stderr: ByPlace
    by_channel: Float[Tensor, " c"]
    by_place: ByPlace
    by_place_stderr: ByPlace
    n: int
    variant: str


def activity_maps(codes: Codes) -> ActivityMaps:
    """Return how far posterior means vary over data, and how much noise is added, at every place of every channel.

    Takes what ``la.sampling.encode`` returns, so it costs no pass; goes through the rows in parts, and holds five
    arrays of the size of one latent beside them.

    Args:
        codes: posterior means and standard deviations, ``(n, c, *sides)`` each, at least 4 rows.

    Raises:
        InputError: codes that are not spatial, NaN or infinite, of two shapes, or fewer than 4 rows.

    >>> mean = torch.randn(400, 2, 3, 3) * torch.tensor([1.0, 2.0])[:, None, None]
    >>> activity_maps(Codes(mean, torch.ones_like(mean), None)).by_channel.round()
    tensor([1., 4.], dtype=torch.float64)
    """
    mean = spatial_codes(codes.mean)
    std = finite(as_float_tensor(codes.std, "standard deviations of codes"), "standard deviations of codes")
    if std.shape != mean.shape:
        shapes = f"{tuple(mean.shape)}, got {tuple(std.shape)}"
        raise InputError(f"standard deviations of codes must have the shape of their means, {shapes}")
    # Rows are gone through twice, first for the mean: fourth powers about anything else lose their digits.
    n, centre = len(mean), _mean(mean)
    second, fourth, noise = (torch.zeros(mean.shape[1:], dtype=torch.float64) for _ in range(3))
    for start in range(0, n, ROWS):
        squared = (mean[start : start + ROWS].double() - centre).square()
        power = std[start : start + ROWS].double().square()
        second, fourth = second + squared.sum(0), fourth + squared.square().sum(0)
        noise = noise + power.sum(0)
    variance = second / (n - 1)
    stderr = (fourth / n - (second / n).square()).clamp(min=0).div(n).sqrt()
    by_channel = variance.flatten(1).mean(1)
    log_noise, log_stderr = _log_noise(std)
    found = ActivityMaps(
        mean=centre,
        variance=variance,
        variance_stderr=widen(stderr, n),
        noise=noise / n,
        log_noise=log_noise,
        log_noise_stderr=log_stderr,
        by_channel=by_channel,
        by_place=_mean_of_shares(variance, by_channel),
        by_place_stderr=_stderr_of_shares(mean, centre, variance),
        n=n,
        variant=VARIANT,
    )
    return in_kind_of(found, codes.mean, codes.std)


def _mean(mean: Float[Tensor, "n c *sides"]) -> Maps:
    parts = [part.double().sum(0) for part in torch.split(mean, ROWS)]
    return torch.stack(parts).sum(0) / len(mean)


def _log_noise(std: Float[Tensor, "n c *sides"]) -> tuple[ByPlace, ByPlace]:
    """Mean of ln s² by place, and the standard error of how far it lies from its mean over places."""
    n, total = len(std), torch.zeros(std.shape[2:], dtype=torch.float64)
    away, squares = torch.zeros_like(total), torch.zeros_like(total)
    for part in torch.split(std, ROWS):
        logs = part.double().square().log().mean(1)
        # A row that is more certain everywhere tells nothing of places.
        own = logs - logs.flatten(1).mean(1).reshape(-1, *(1 for _ in total.shape))
        total, away, squares = total + logs.sum(0), away + own.sum(0), squares + own.square().sum(0)
    variance = (squares - away.square() / n).clamp(min=0) / (n - 1) / n
    return total / n, widen(torch.nan_to_num(variance, nan=0.0).sqrt(), n)  # without noise, the logarithm is −inf


def _stderr_of_shares(mean: Float[Tensor, "n c *sides"], centre: Maps, variance: Maps) -> ByPlace:
    """Standard error of the mean share of every place, linearised in the squares that every row adds."""
    n, unit = len(mean), variance.flatten(1).mean(1).reshape(-1, *(1 for _ in variance.shape[1:]))
    per = torch.where(unit > 0, 1 / unit.clamp(min=1e-300), 0.0)
    shares, live = variance * per, max(1, int((unit > 0).sum()))
    first, second = (torch.zeros(variance.shape[1:], dtype=torch.float64) for _ in range(2))
    for part in torch.split(mean, ROWS):
        own = (part.double() - centre).square() * per
        # What a row adds to a channel at large makes the unit larger that its places are measured by.
        whole = own.flatten(2).mean(2).reshape(*own.shape[:2], *(1 for _ in variance.shape[1:]))
        away = (own - shares * whole).sum(1) / live
        first, second = first + away.sum(0), second + away.square().sum(0)
    return widen((second / n - (first / n).square()).clamp(min=0).div(n).sqrt(), n)


def _mean_of_shares(variance: Maps, by_channel: Float[Tensor, " c"]) -> Float[Tensor, "*sides"]:
    """Mean over the channels that vary; those that do not say nothing of places."""
    live = by_channel > 0
    if not bool(live.any()):
        return torch.zeros(variance.shape[1:], dtype=torch.float64)
    scale = by_channel[live].reshape(-1, *(1 for _ in variance.shape[1:]))
    return (variance[live] / scale).mean(0)
