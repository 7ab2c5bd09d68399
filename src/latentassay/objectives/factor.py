"""FactorVAE: a VAE with a penalty on the total correlation of its codes, which a discriminator estimates."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from latentassay.core.autoencoder import device_and_dtype
from latentassay.core.checks import check_counts, check_positive, check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Point
from latentassay.core.randomness import seeded
from latentassay.nn.discriminator import CodeDiscriminator
from latentassay.objectives.auxiliary_networks import WithAuxiliary, call_frozen
from latentassay.objectives.frames import require
from latentassay.objectives.vae import Loss, posterior_of

MOMENTS = (0.5, 0.9)
"""Of Adam, for the discriminator."""


@dataclass(frozen=True)
class FactorVAE:
    """The evidence lower bound of a VAE, and the total correlation of its codes as a discriminator estimates it.

    ``−E_q log p(x|z) + KL(q(z|x) ‖ N(0, I)) + γ TC``, with TC = KL(q(z) ‖ Π_j q(z_j)).

    The objective brings along a discriminator D that tells codes of the batch, z ~ q(z|x), from z', the same codes with
    every latent in an order of its own, and so learns the ratio of the densities q(z) and Π_j q(z_j). With D's logits r
    the objective descends, all at once and on the same draws,

    - ``nll + kl + γ tc`` with ``tc = E r(z)``, which reaches the model alone;
    - ``discriminator = −½ E log σ(r(z)) − ½ E log σ(−r(z'))``, which reaches D alone: log 2 ≈ 0.693 where it tells
      nothing apart.

    Sums over pixels and latents, means over the batch, in nats. In ``fit`` alone does D learn: to call the objective by
    hand is to ask a fresh one, whose TC is about 0. The source takes z' from a second batch, and lets D step after the
    model; to take both from one is common. D lags behind what it judges: ``tc`` is rather too small than too large.

    Args:
        gamma: γ, 40 in SA (A.2.2); studies after the source try 10 to 100.
        lr: learning rate of D, whatever the model's is; 1e-4 in the source. Adam's moments are (0.5, 0.9) for D.
        width: of D's hidden layers, 1000 in the source. With six of them D has five million weights, and a step costs
            10 GFLOP at 128 rows, often more than the model's own; 200 cost 25 times less.
        layers: how many, 6 in the source.
        seed: fixes D's initial weights.

    Raises:
        InputError: a weight that is negative or not finite, a rate, width or number of layers that is not positive;
            when called, a batch of one row.
        ContractError: when called on a model with point codes.

    Source: Kim & Mnih 2018, "Disentangling by factorising" (arXiv 1802.05983), equations 2 and 3, algorithms 1 and 2.
    """

    gamma: float | int = 40.0
    lr: float | int = 1e-4
    width: int = 1000
    layers: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        check_weights(gamma=self.gamma)
        check_positive(lr=self.lr)
        check_counts(width=self.width, layers=self.layers)

    def with_auxiliary(self, model: Any) -> WithAuxiliary:
        """Bring a fresh discriminator of codes."""
        require(model, "encode", "decoder_output", "likelihood", "latent_shape")
        with seeded(self.seed):
            discriminator = CodeDiscriminator(math.prod(model.latent_shape), self.width, self.layers).to(
                *device_and_dtype(model)
            )

        def loss(model: Any, x: Tensor, generator: Generator) -> Loss:
            return _loss(discriminator, model, x, self.gamma, generator)

        return WithAuxiliary(discriminator, loss, lr=self.lr, betas=MOMENTS)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)`` with a discriminator as it begins."""
        return self.with_auxiliary(model).loss(model, x, generator)


def permute_latents(codes: Float[Tensor, "n d"], generator: Generator) -> Float[Tensor, "n d"]:
    """Permute every latent over the rows on its own, so that draws from q(z) become draws from Π_j q(z_j), nearly.

    Source: Kim & Mnih 2018, algorithm 1.

    >>> codes = torch.arange(3.0)[:, None].expand(3, 2)
    >>> permute_latents(codes, torch.Generator().manual_seed(0)).sort(0).values.equal(codes)
    True
    """
    # Sorting random keys permutes every column by itself at once, where randperm would need a loop.
    keys = torch.rand(codes.shape, generator=generator, device=generator.device)
    return codes.gather(0, keys.argsort(0).to(codes.device))


def discrimination(discriminator: nn.Module, codes: Float[Tensor, "n d"], generator: Generator) -> Float[Tensor, ""]:
    """Return the cross entropy of a discriminator of codes and permuted codes, in nats; log 2 where it tells nothing.

    ``−½ E log σ(r(z)) − ½ E log σ(−r(z'))``. At its minimum over all discriminators ``r(z) = log q(z) − log Π_j
    q(z_j)``, whose mean over codes is the total correlation (equation 3).
    """
    whole, mixed = discriminator(codes).to(codes), discriminator(permute_latents(codes, generator)).to(codes)
    loss: Tensor = (softplus(-whole).mean() + softplus(mixed).mean()) / 2
    return loss


def _loss(discriminator: nn.Module, model: Any, x: Tensor, gamma: float | int, generator: Generator) -> Loss:
    posterior = posterior_of(model, x)
    if isinstance(posterior, Point):
        raise ContractError("FactorVAE needs posteriors with a density; build a model called vae-…")
    if len(x) < 2:
        raise InputError("FactorVAE permutes the codes of a batch, which takes 2 rows at least, got 1")
    z = posterior.sample(generator)
    codes = z.flatten(1)
    nll, kl = model.likelihood.nll(model.decoder_output(z), x).mean(), posterior.kl_to_prior().mean()
    # The model is to lower the discriminator's logits, the discriminator is not; below it is the other way round.
    tc = call_frozen(discriminator, codes).to(codes).mean()
    discriminate = discrimination(discriminator, codes.detach(), generator)
    parts = {"nll": nll, "kl": kl, "tc": tc, "discriminator": discriminate}
    return Loss(nll + kl + gamma * tc + discriminate, parts)
