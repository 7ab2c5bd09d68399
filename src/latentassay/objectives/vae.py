"""Objectives of one autoencoder and its reconstruction: AE, VAE, β-VAE.

All are sums over pixels and latents and means over the batch, in nats where the likelihood is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from latentassay.core.checks import check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, Point, Posterior
from latentassay.objectives.frames import require, single


class Loss(NamedTuple):
    """A loss and the parts it is the (weighted) sum of."""

    total: Tensor
    """What the optimiser descends, a scalar."""

    parts: dict[str, Tensor]
    """The unweighted parts by name, scalars."""


@dataclass(frozen=True)
class AE:
    """The reconstruction loss of the posterior mean alone: ``−log p(x|z)``, z = E(x)."""

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; ``generator`` is not used."""
        nll = _nll(model, posterior_of(model, x).mean, x)
        return Loss(nll, {"nll": nll})


@dataclass(frozen=True)
class BetaVAE:
    """The negative evidence lower bound with a weight on its KL term (Higgins et al. 2017).

    ``−E_q log p(x|z) + β KL(q(z|x) ‖ N(0, I))`` with one sample of z, where the KL of a diagonal Gaussian is

    - ``kl="exact"``: ``½ Σ (μ² + σ² − 1 − log σ²)``, the divergence itself, which LR prints (equation 1).
    - ``kl="sigma"``: ``½ Σ (μ² + σ − 1 − log σ)``, with σ where σ² belongs, which the public code of LR's authors
      runs; that of IC's does, too.

    The two have different optima. Scaling μ and σ of an informative unit together leaves the reconstruction alone;
    the exact KL is least where ``E μ² + E σ² = 1``, the other where ``2 E μ² + E σ = 1``: its codes have a variance
    near ½ where those of the exact KL have one near 1.

    Args:
        beta: weight of the KL; 1 is the evidence lower bound where the KL is exact.
        kl: ``"exact"`` or ``"sigma"``.

    Raises:
        InputError: ``beta`` is negative or not finite; ``kl`` is no such name.
        ContractError: when called on a model with point codes, whose KL is infinite; or with ``kl="sigma"`` on a model
            whose posteriors have a full covariance, for which that term is not defined.

    Source: LR equation 1 and the authors' public code.
    """

    beta: float | int
    kl: str = "exact"

    def __post_init__(self) -> None:
        check_weights(beta=self.beta)
        _check_kl(self.kl)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``, z sampled with ``generator`` (on the device of ``x``)."""
        posterior = posterior_of(model, x)
        if isinstance(posterior, Point):
            raise ContractError("the model's codes are points, so their KL is infinite; train it with objectives.AE()")
        term = KL_TERMS[self.kl](posterior).mean()
        nll = _nll(model, posterior.sample(generator), x)
        return Loss(nll + self.beta * term, {"nll": nll, "kl": term, **_polarized_kl(posterior)})


@dataclass(frozen=True)
class VAE:
    """The negative evidence lower bound, which is ``BetaVAE(1)`` (Kingma & Welling 2014).

    Args:
        kl: as ``BetaVAE`` takes it; only ``"exact"`` is a bound.

    Raises:
        InputError: ``kl`` is neither ``"exact"`` nor ``"sigma"``.
    """

    kl: str = "exact"

    def __post_init__(self) -> None:
        _check_kl(self.kl)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``, z sampled with ``generator`` (on the device of ``x``)."""
        return BetaVAE(1.0, self.kl)(model, x, generator)


def exact_kl(posterior: Posterior) -> Tensor:
    """Return KL(q(z|x) ‖ N(0, I)) in nats of every row, ``(n,)``."""
    return posterior.kl_to_prior()


def sigma_kl(posterior: Posterior) -> Tensor:
    """Return ``½ Σ (μ² + σ − 1 − log σ)`` of every row, ``(n,)``; no divergence, but 0 exactly at μ = 0, σ = 1.

    Raises:
        ContractError: the posterior is no diagonal Gaussian.

    Source: the public code of LR's authors and of IC's.

    >>> sigma_kl(DiagonalGaussian(torch.ones(1, 2), torch.ones(1, 2)))
    tensor([1.])
    """
    if not isinstance(posterior, DiagonalGaussian):
        raise ContractError(
            f'kl="sigma" is defined for diagonal Gaussians, the model encodes to {type(posterior).__name__}; '
            'use kl="exact"'
        )
    mean, std = posterior.mean, posterior.std
    total: Tensor = (0.5 * (mean.square() + std - 1 - std.log())).flatten(1).sum(1)
    return total


KL_TERMS: dict[str, Callable[[Posterior], Tensor]] = {"exact": exact_kl, "sigma": sigma_kl}
"""Name of a KL term → the term of every row."""


def _check_kl(name: str) -> None:
    if name not in KL_TERMS:
        raise InputError(f"kl must be one of {', '.join(KL_TERMS)}, got {name!r}")


def posterior_of(model: Any, x: Tensor) -> Posterior:
    """Encode a batch, after checks of the model and of the batch's shape.

    Raises:
        ContractError: the model lacks what an objective trains through.
        InputError: the batch is not of the observations it takes, but of tuples, say.
    """
    require(model, "encode", "decoder_output", "likelihood")
    single(model, x)
    posterior: Posterior = model.encode(x)
    return posterior


MOVING = 0.5
"""A unit moves if its mean has a standard deviation above this (thesis 3.3.2)."""


def _polarized_kl(posterior: Posterior) -> dict[str, Tensor]:
    """The KL of the polarized regime, ``½ Σ_{j moving} E[μ_j² − log σ_j² − 1]`` over this batch (thesis 3.5).

    How far it is from the KL says whether units are either known well or switched off, see
    ``metrics.polarized_share``. Only known for diagonal Gaussians over vectors.
    """
    if not isinstance(posterior, DiagonalGaussian) or posterior.mean.ndim != 2:
        return {}
    with torch.no_grad():
        mean, moving = posterior.mean, posterior.mean.std(0, correction=0) > MOVING
        each = 0.5 * (mean.square() - 2 * posterior.std.log() - 1).mean(0)
        return {"kl_polarized": torch.where(moving, each, 0.0).sum()}


def _nll(model: Any, z: Tensor, x: Tensor) -> Tensor:
    mean: Tensor = model.likelihood.nll(model.decoder_output(z), x).mean()
    return mean
