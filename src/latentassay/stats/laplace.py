"""Gaussians against a Laplace distribution, in closed form."""

import math

import torch
from torch import Tensor

from latentassay.core.errors import InputError

HALF_LOG_2PI_E = 0.5 * math.log(2 * math.pi * math.e)


def absolute_mean(mean: Tensor, std: Tensor) -> Tensor:
    """Return ``E|z| = σ √(2/π) exp(−μ²/2σ²) + μ erf(μ/σ√2)`` of z ~ N(μ, σ²), for every entry; σ must be positive.

    >>> absolute_mean(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 0.01]))
    tensor([0.7979, 3.0000])
    """
    scaled = mean / (std * math.sqrt(2))
    return std * math.sqrt(2 / math.pi) * torch.exp(-scaled.square()) + mean * torch.erf(scaled)


def kl_to_laplace(
    mean: Tensor, std: Tensor, location: Tensor, rate: float | int, *, location_std: Tensor | float = 0.0
) -> Tensor:
    """Return KL(N(μ, σ²) ‖ Laplace(m, 1/λ)) in nats for every entry, where m is known or itself Gaussian.

    ``λ E|z − m| − log(λ/2) − ½ log(2πe) − log σ``, with z − m ~ N(μ − E m, σ² + var m): the mean over m where it
    varies, independently of z.

    Args:
        mean: μ.
        std: σ, positive, shaped like μ.
        location: m, or its mean.
        rate: λ, one over the scale of the Laplace density ``λ/2 exp(−λ |z − m|)``.
        location_std: standard deviation of m.

    Raises:
        InputError: a rate that is not positive.

    >>> kl_to_laplace(torch.zeros(1), torch.ones(1), torch.zeros(1), 1.0)
    tensor([0.0721])
    """
    if not 0 < rate < math.inf:
        raise InputError(f"rate must be a positive number, got {rate}")
    spread = torch.hypot(std, torch.as_tensor(location_std).to(std))
    return rate * absolute_mean(mean - location, spread) - math.log(rate / 2) - HALF_LOG_2PI_E - std.log()
