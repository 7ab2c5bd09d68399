"""DIP-VAE: a VAE with penalties on the covariance of its codes over a batch."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.checks import check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, FullCovarianceGaussian, Posterior
from latentassay.objectives.vae import Loss, posterior_of

FACTOR = {"i": 10.0, "ii": 1.0}
"""λ_d over λ_od: what the source takes."""


@dataclass(frozen=True)
class DIPVAE:
    """The evidence lower bound of a VAE, and penalties that draw the covariance of its codes to the identity.

    ``−E_q log p(x|z) + KL(q(z|x) ‖ N(0, I)) + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii − 1)²``.

    C is a covariance over the batch, ``(d, d)``::

        kind "i"    C = Cov_x[μ(x)]                   of the posterior means
        kind "ii"   C = Cov_x[μ(x)] + E_x[Σ(x)]       of their samples: the posteriors' own covariances besides

    with Cov[μ] = E[μ μᵀ] − E[μ] E[μ]ᵀ, means over the batch. Each pair of latents counts twice, as in the source's
    sums and the codes. In I the posteriors' width is a matter of the KL alone. Sums over pixels and latents, means over
    the batch, in nats; the penalty has no unit. C of n rows is noisy: where it ought to be I, the penalty still is
    about ``(d (d − 1) λ_od + 2 d λ_d) / n``.

    Args:
        kind: ``"i"`` or ``"ii"``.
        off_diagonal: λ_od, 10.
        diagonal: λ_d; left out, 10 λ_od for I and λ_od for II, as in the source.

    Raises:
        InputError: an unknown kind, or weights that are negative or not finite; when called, a batch of one row.
        ContractError: when called on a model whose posteriors are no Gaussians over vectors.

    Source: Kumar et al. 2018, "Variational inference of disentangled latent concepts from unlabeled observations"
    (arXiv 1711.00848), equations 6 (I) and 7 (II).
    """

    kind: str = "i"
    off_diagonal: float | int = 10.0
    diagonal: float | int | None = None

    def __post_init__(self) -> None:
        if self.kind not in FACTOR:
            raise InputError(f"kind must be 'i' or 'ii', got {self.kind!r}")
        check_weights(off_diagonal=self.off_diagonal, diagonal=0 if self.diagonal is None else self.diagonal)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``, z sampled with ``generator`` (on the device of ``x``)."""
        posterior = posterior_of(model, x)
        covariance = aggregate_covariance(posterior, spread=self.kind == "ii")
        nll = model.likelihood.nll(model.decoder_output(posterior.sample(generator)), x).mean()
        kl = posterior.kl_to_prior().mean()
        on = covariance.diagonal()
        diagonal = (on - 1).square().sum()
        off = (covariance - torch.diag(on)).square().sum()
        weight = FACTOR[self.kind] * self.off_diagonal if self.diagonal is None else self.diagonal
        total = nll + kl + self.off_diagonal * off + weight * diagonal
        return Loss(total, {"nll": nll, "kl": kl, "off_diagonal": off, "diagonal": diagonal})


def aggregate_covariance(posterior: Posterior, *, spread: bool) -> Float[Tensor, "d d"]:
    """Covariance of a batch's posterior means, ``Cov[μ]``; with ``spread`` of their samples, ``Cov[μ] + E[Σ]``.

    Raises:
        InputError: a batch of one row.
        ContractError: posteriors that are no Gaussians over vectors.

    >>> q = DiagonalGaussian(torch.tensor([[1.0, 1.0], [-1.0, -1.0]]), torch.full((2, 2), 0.5))
    >>> aggregate_covariance(q, spread=True)
    tensor([[1.2500, 1.0000],
            [1.0000, 1.2500]])
    """
    mean = posterior.mean
    if not isinstance(posterior, DiagonalGaussian | FullCovarianceGaussian) or mean.ndim != 2:
        raise ContractError(
            f"DIP-VAE needs Gaussians over a vector of latents, got a {type(posterior).__name__} with "
            f"codes {tuple(mean.shape)}; build a model called vae-…"
        )
    if len(mean) < 2:
        raise InputError("a covariance needs at least 2 rows in a batch, got 1")
    centred = mean - mean.mean(0)  # Cov[μ] without the cancellation of E[μ μᵀ] − E[μ] E[μ]ᵀ
    with torch.autocast(mean.device.type, enabled=False):  # half precision is for networks alone
        of_means = centred.mT @ centred / len(mean)
        return of_means + _mean_covariance(posterior) if spread else of_means


def _mean_covariance(posterior: DiagonalGaussian | FullCovarianceGaussian) -> Float[Tensor, "d d"]:
    """E[Σ(x)]: the mean of the posteriors' covariances."""
    if isinstance(posterior, DiagonalGaussian):
        return torch.diag(posterior.std.square().mean(0))
    return (posterior.scale_tril @ posterior.scale_tril.mT).mean(0)
