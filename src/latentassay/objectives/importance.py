"""Bounds on log p(x) from several weighted samples of z: the Rényi bound, and the importance-weighted one.

All rest on the log-weights ``log w = log p(x|z) + log p(z) − log q(z|x)`` of z ~ q(z|x), reparameterised. Sums over
pixels and latents, means over the batch, in nats where the likelihood is.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from latentassay.core.checks import check_counts
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Point, Posterior
from latentassay.objectives.frames import require, single
from latentassay.objectives.vae import Loss


@dataclass(frozen=True)
class Renyi:
    """The negative variational Rényi bound (Li & Turner 2016): ``−1/(1−α) log 1/K Σ_k w_k^(1−α)``.

    It falls as α grows. α = 0 is the importance-weighted bound (``IWAE``); α = 1 is the evidence lower bound, its KL
    estimated from the same K samples where ``VAE`` knows it in closed form. For α < 0 it tends to an *upper* bound on
    log p(x) as K grows; with few samples it may lie below, and with one sample every α is the evidence lower bound.

    The parts are those of ``VAE`` on these samples, and what the bound gains on it: total = nll + kl − gain.

    Args:
        alpha: order α, any finite number.
        samples: K, samples of z per observation.

    Raises:
        InputError: ``alpha`` is not finite, or there is no sample.
        ContractError: when called on a model with point codes or without a prior.
    """

    alpha: float | int
    samples: int = 10

    def __post_init__(self) -> None:
        _check_order(self.alpha)
        check_counts(samples=self.samples)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``, z sampled with ``generator`` (on the device of ``x``)."""
        drawn = _draw(model, x, self.samples, generator)
        bound = _bound(drawn.log_weights, self.alpha).mean()
        return Loss(-bound, drawn.parts(bound))


@dataclass(frozen=True)
class IWAE:
    """The negative importance-weighted bound, ``−log 1/K Σ_k w_k`` (Burda et al. 2016): ``Renyi`` at α = 0.

    Its plain gradient tells the encoder less and less as K grows. The doubly reparameterised one (Tucker et al. 2018)
    has the same mean and less noise: the encoder learns only through z, sample k counting by the square of its share
    of the weights, ``Σ_k (w_k/Σw)² ∂log w_k/∂z_k ∂z_k/∂φ``. The decoder's gradient, and the value, stay as they are.

    Args:
        samples: K, samples of z per observation.
        doubly: take the doubly reparameterised gradient.

    Raises:
        InputError: there is no sample.
        ContractError: when called on a model with point codes or without a prior.
    """

    samples: int = 10
    doubly: bool = False

    def __post_init__(self) -> None:
        check_counts(samples=self.samples)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``, z sampled with ``generator`` (on the device of ``x``)."""
        drawn = _draw(model, x, self.samples, generator, pathwise=self.doubly)
        bound = _bound(drawn.log_weights, 0).mean()
        return Loss(-(_reparameterise_doubly(drawn, bound) if self.doubly else bound), drawn.parts(bound))


def renyi_bound(log_weights: Tensor, alpha: float | int) -> Tensor:
    """Return ``1/(1−α) log 1/K Σ_k w_k^(1−α)`` of every row in nats, and its limit, the mean of log w, at α = 1.

    Args:
        log_weights: log w, ``(K, n)``.
        alpha: order α, any finite number.

    Raises:
        InputError: another shape, log-weights that are NaN or infinite, or an order that is.

    Source: Li & Turner 2016, "Rényi divergence variational inference".

    >>> renyi_bound(torch.tensor([[1.0], [3.0]]).log(), 0).exp()
    tensor([2.])
    """
    _check_order(alpha)
    if log_weights.ndim != 2 or len(log_weights) < 1 or not log_weights.is_floating_point():
        raise InputError(
            "log_weights must be floating point and have shape (K, n) with K at least 1, got "
            f"{log_weights.dtype} {tuple(log_weights.shape)}; stack one row per sample of z"
        )
    if not (finite := torch.isfinite(log_weights)).all():
        raise InputError(
            f"log_weights must be finite, got NaN or infinite ones for {int((~finite).any(0).sum())} of "
            f"{log_weights.shape[1]} observations; is a standard deviation 0?"
        )
    return _bound(log_weights, alpha)


def _bound(log_weights: Tensor, alpha: float | int) -> Tensor:
    if alpha == 1:
        return log_weights.mean(0)
    wide, power = log_weights.double(), 1 - alpha
    # Around the largest term nothing overflows; expm1 and log1p keep what log(mean(exp)) would lose as α nears 1.
    centre = (wide.amax(0) if power > 0 else wide.amin(0)).detach()
    bound = centre + (power * (wide - centre)).expm1().mean(0).log1p() / power
    return bound.to(log_weights.dtype)


class _Drawn(NamedTuple):
    """Samples z ``(K, n, *latent_shape)``, and of each −log p(x|z) and log q(z|x) − log p(z), ``(K, n)``."""

    z: Tensor
    nll: Tensor
    kl: Tensor

    @property
    def log_weights(self) -> Tensor:
        return -(self.nll + self.kl)

    def parts(self, bound: Tensor) -> dict[str, Tensor]:
        nll, kl = self.nll.detach().mean(), self.kl.detach().mean()
        return {"nll": nll, "kl": kl, "gain": bound.detach() + nll + kl}


def _draw(model: Any, x: Tensor, samples: int, generator: Generator, *, pathwise: bool = False) -> _Drawn:
    posterior = _posterior(model, x)
    z = torch.stack([posterior.sample(generator) for _ in range(samples)])
    density = _density_through_z if pathwise else type(posterior).log_prob
    log_q = torch.stack([density(posterior, row) for row in z])
    flat, repeated = z.flatten(0, 1), x.expand(samples, *x.shape).flatten(0, 1)
    nll = model.likelihood.nll(model.decoder_output(flat), repeated).view(samples, len(x))
    return _Drawn(z, nll, log_q - model.prior.log_prob(flat).view(samples, len(x)))


def _density_through_z(posterior: Posterior, z: Tensor) -> Tensor:
    """log q(z|x) whose gradient reaches the encoder through z alone: what came by mean and width is taken off."""
    direct = posterior.log_prob(z.detach())
    return posterior.log_prob(z) - (direct - direct.detach())


def _reparameterise_doubly(drawn: _Drawn, bound: Tensor) -> Tensor:
    """Return the value of ``bound``, with the doubly reparameterised gradient."""
    log_weights = drawn.log_weights
    share = log_weights.detach().softmax(0)
    if drawn.z.requires_grad:  # not where the encoder is frozen, or nothing is differentiated
        # The decoder's gradient takes one factor of the share, in the sum below; what goes on through z a second.
        factor = share.view(*share.shape, *[1] * (drawn.z.ndim - 2))
        drawn.z.register_hook(lambda gradient: gradient * factor)  # type: ignore[no-untyped-call]
    surrogate = (share * log_weights).sum(0).mean()
    return bound.detach() + (surrogate - surrogate.detach())


def _posterior(model: Any, x: Tensor) -> Posterior:
    require(model, "encode", "decoder_output", "likelihood", "prior")
    single(model, x)
    posterior: Posterior = model.encode(x)
    if isinstance(posterior, Point) or model.prior is None:
        raise ContractError(
            f"the bound needs a posterior with a density and a prior; {type(model).__name__} has "
            f"{'point codes' if isinstance(posterior, Point) else 'no prior'}; "
            "train it with objectives.AE()"
        )
    return posterior


def _check_order(alpha: float | int) -> None:
    if not math.isfinite(alpha):
        raise InputError(f"alpha must be a finite number, got {alpha}; 0 is the importance-weighted bound, 1 the ELBO")
