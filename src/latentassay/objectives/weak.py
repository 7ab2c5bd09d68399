"""A GAN on pairs that share factors, and an encoder of its images: weak supervision by pairing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn.functional import softplus

from latentassay.core.autoencoder import device_and_dtype
from latentassay.core.checks import check_counts, check_positive
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Point
from latentassay.core.randomness import seeded
from latentassay.nn.discriminator import PairDiscriminator
from latentassay.objectives.auxiliary_networks import WithAuxiliary, call_frozen
from latentassay.objectives.frames import frame_shape, require
from latentassay.objectives.vae import Loss

MOMENTS = (0.5, 0.999)
"""Of Adam, for all three networks, in the authors' code."""


@dataclass(frozen=True)
class WeakGAN:
    """A GAN on pairs that share factors (``data.shared_pairs``), whose generator shares a latent where they do.

    For a pair of kind S the generator draws ``z, z' ~ p(z)`` with ``z'_S = z_S``. A discriminator D, which the
    objective brings along, is told S. Decoder G and encoder q of the model are trained beside it, each by its own part:

    - ``discriminator``: −E log σ(D(x, x', S)) − E log σ(−D(G(z), G(z'), S)), over two, which D descends;
    - ``generator``: −E log σ(D(G(z), G(z'), S)), which G descends;
    - ``encoder``: −E log q(z | G(z)), summed over latents, which q descends. It never sees an observation.

    Means over pairs and kinds, in nats. All three step at once, on the same draws; the source lets D and q step first.
    If D is fooled, latent S says all about factor S and nothing about others, as far as pairs show it. Any model with a
    prior and Gaussian posteriors serves, such as ``vae-conv``; its likelihood turns the decoder's output to a mean.
    There is no reconstruction: how near ``decode(encode(x))`` comes to x shows how near G comes to the data.

    Args:
        shared: for every kind of pair, the latents that it shares; latent i for kind i where left out, the full sharing
            of factors that each have one latent.
        width: of the discriminator's dense layers; 256 in the source.
        sharpness: factor on its logits. Its layers stretch nothing, so that it tells pairs of few pixels apart faintly:
            1 in the source, on 64×64 pictures; 5 did on 8×8, where at 1 latents changed places.
        seed: fixes the discriminator's initial weights.

    Raises:
        InputError: a kind that shares no latent, or all; a width or sharpness that is not positive. When called: a
            batch that is not of pairs of as many kinds ``(n, kinds, 2, *x_shape)``, or latents that the model does not
            have.
        ContractError: when called on a model without a prior, or with point codes.

    Source: Shu et al. 2020, "Weakly supervised disentanglement with guarantees" (arXiv 1910.09772), share pairing of
    every factor; losses, discriminator and Adam's moments are those of the authors' code (its lr is 1e-3).
    """

    shared: Sequence[Sequence[int]] | None = None
    width: int = 256
    sharpness: float | int = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.shared is not None:  # JSON has lists; what is rebuilt from it must be the same
            object.__setattr__(self, "shared", tuple(tuple(kind) for kind in self.shared))
        for kind in self.shared or ():
            if not kind or len(set(kind)) < len(kind) or min(kind) < 0:
                raise InputError(
                    f"shared must name latents from 0 on, once and at least one for every kind, got {kind}"
                )
        check_counts(width=self.width)
        check_positive(sharpness=self.sharpness)

    def with_auxiliary(self, model: Any) -> WithAuxiliary:
        """Bring a fresh discriminator of pairs."""
        require(model, "encode", "decode", "decoder_output", "likelihood", "prior", "latent_shape", "x_shape")
        kinds = self._latents(model)
        with seeded(self.seed):
            discriminator = PairDiscriminator(model.x_shape, len(kinds), self.width, self.sharpness).to(
                *device_and_dtype(model)
            )

        def loss(model: Any, x: Tensor, generator: Generator) -> Loss:
            return _loss(discriminator, model, _pairs(model, x, len(kinds)), kinds, generator)

        return WithAuxiliary(discriminator, loss, betas=MOMENTS, model_betas=MOMENTS)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, kinds, 2, *x_shape)`` with a discriminator as it begins."""
        return self.with_auxiliary(model).loss(model, x, generator)

    def _latents(self, model: Any) -> Sequence[Sequence[int]]:
        if model.prior is None or len(model.latent_shape) != 1:
            raise ContractError(
                f"WeakGAN draws vectors of latents from a prior, and {type(model).__name__} has none; "
                "train a vae- model such as vae-conv"
            )
        (d,) = model.latent_shape
        kinds = [[i] for i in range(d)] if self.shared is None else self.shared
        if wrong := [kind for kind in kinds if max(kind) >= d or len(kind) >= d]:
            raise InputError(f"every kind shares some of the model's {d} latents, but not all; got {wrong[0]}")
        return kinds


def _pairs(model: Any, x: Tensor, kinds: int) -> Tensor:
    frame_shape(model, x, 2, "WeakGAN", "data.shared_pairs")
    if x.shape[1:3] != (kinds, 2):
        raise InputError(
            f"WeakGAN was made for {kinds} kinds of pairs, got a batch {tuple(x.shape)}; give it as many "
            "kinds as data.shared_pairs has subsets: as many latents, or shared=[…]"
        )
    return x


def _loss(
    discriminator: PairDiscriminator, model: Any, x: Tensor, kinds: Sequence[Sequence[int]], generator: Generator
) -> Loss:
    z = _draw_latents(model, len(x), kinds, generator).to(x)
    images = model.likelihood.mean(model.decoder_output(z.flatten(0, 2)))
    fakes = images.unflatten(0, z.shape[:3])
    # Each part reaches one of three networks alone: the discriminator is frozen here, and sees detached images below.
    generate = softplus(-call_frozen(discriminator, fakes).to(x)).mean()
    logits = discriminator(torch.cat([x, fakes.detach()])).to(x)
    discriminate = (softplus(-logits[: len(x)]).mean() + softplus(logits[len(x) :]).mean()) / 2
    posterior = model.encode(images.detach())
    if isinstance(posterior, Point):
        raise ContractError("WeakGAN needs posteriors with a density; train a vae- model such as vae-conv")
    recover = -posterior.log_prob(z.flatten(0, 2)).mean()
    parts = {"discriminator": discriminate, "generator": generate, "encoder": recover}
    return Loss(discriminate + generate + recover, parts)


def _draw_latents(
    model: Any, n: int, kinds: Sequence[Sequence[int]], generator: Generator
) -> Float[Tensor, "n kinds 2 d"]:
    """Latents of n pairs of every kind, of which the second has the shared ones of the first."""
    z: Tensor = model.prior.sample(n * len(kinds) * 2, generator).unflatten(0, (n, len(kinds), 2))
    for place, kind in enumerate(kinds):
        z[:, place, 1, list(kind)] = z[:, place, 0, list(kind)]
    return z
