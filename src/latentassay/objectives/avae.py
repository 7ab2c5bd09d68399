"""The autoencoding VAE: an encoder that is consistent on the decoder's own samples (Cemgil et al. 2020)."""

import math
from dataclasses import dataclass
from typing import Any

from torch import Generator, Tensor

from latentassay.core.checks import check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.nn.statistics import keep_statistics
from latentassay.objectives.vae import Loss, posterior_of


@dataclass(frozen=True)
class AVAE:
    """The evidence lower bound of a VAE, and a divergence that draws codes of reconstructions to the codes before.

    ``−E_q log p(x|z) + β [KL(q(z|x) ‖ N(0, I)) + KL(q(z̃|x̃) ‖ N(ρ z, (1 − ρ²) I))]``, z ~ q(z|x), x̃ the mean of p(x|z).

    The encoder's answer to what the decoder makes of z has to be near z again (arXiv 2012.03715). As there, x̃ is taken
    as given: the added part teaches the encoder alone. Sums over pixels and latents, means over the batch, in nats.

    ``KL = ½ Σ [(σ̃² + (μ̃ − ρ z)²) / (1 − ρ²) − 1 − log σ̃² + log(1 − ρ²)]``

    Args:
        rho: ρ, how near: 0.975 in the paper; 0 asks for nothing but the prior.
        beta: weight of both divergences; 1 in the paper. It does what the variance of a Gaussian decoder does.

    Raises:
        InputError: ``rho`` outside [0, 1), or ``beta`` negative or infinite.
        ContractError: when called on a model whose posteriors are not diagonal Gaussians.
    """

    rho: float | int = 0.975
    beta: float | int = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.rho < 1:
            raise InputError(f"rho must lie in [0, 1), got {self.rho}")
        check_weights(beta=self.beta)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; its part ``consistency`` is the KL of z̃."""
        posterior = posterior_of(model, x)
        z = posterior.sample(generator)
        output = model.decoder_output(z)
        nll, kl = model.likelihood.nll(output, x).mean(), posterior.kl_to_prior().mean()
        with keep_statistics(model):
            # Detached, as in the paper: the penalty teaches the encoder what the decoder does, not the other way round.
            again = model.encode(model.likelihood.mean(output).detach())
        if not isinstance(again, DiagonalGaussian):
            raise ContractError("AVAE needs diagonal Gaussian posteriors; train a vae- model such as avae-s")
        penalty = self._divergence(again, z.detach()).mean()
        return Loss(nll + self.beta * (kl + penalty), {"nll": nll, "kl": kl, "consistency": penalty})

    def _divergence(self, again: DiagonalGaussian, z: Tensor) -> Tensor:
        """KL(q(z̃|x̃) ‖ N(ρ z, (1 − ρ²) I)) per row, ``(n,)``."""
        left = 1 - self.rho**2
        squares = (again.std.square() + (again.mean - self.rho * z).square()) / left
        return (0.5 * (squares - 1 + math.log(left)) - again.std.log()).flatten(1).sum(1)
