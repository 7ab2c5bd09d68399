"""Encoders without a decoder, such as PCL trains, and how to give them one."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, final

from torch import Tensor, nn

from latentassay.core.checks import check_counts, check_seed
from latentassay.core.errors import InputError
from latentassay.core.posteriors import Point, Posterior
from latentassay.core.randomness import seeded
from latentassay.models.vae import VAE
from latentassay.nn.coders import Coders
from latentassay.nn.heads import POINT
from latentassay.nn.maxout import maxout_extractor
from latentassay.stats.likelihoods import as_likelihood


@final
class Features(nn.Module):
    """A feature extractor behind the encoder's half of the door: codes are points.

    Its last layer is a batch normalisation, as in the code of PCL's authors: features are determined up to their scale
    alone, and so they have one. There is nothing to decode with; ``with_decoder`` makes an autoencoder of it, and
    metrics need none. ``models.build`` does not make it, so ``load_run`` wants it as ``model=``.

    Args:
        network: observations ``(n, *x_shape)`` to ``(n, latents)``; for pictures the ``encoder`` of an ``ae-`` model.
        x_shape: shape of one observation.
        latents: number of features d.

    Attributes:
        latent_shape: ``(d,)``.
        spec: ``None``.
    """

    spec = None

    def __init__(self, network: nn.Module, *, x_shape: Sequence[int], latents: int):
        super().__init__()
        self.network, self.scale = network, nn.BatchNorm1d(latents)
        self.x_shape, self.latent_shape = tuple(x_shape), (latents,)

    def encode(self, x: Tensor) -> Posterior:
        """Return the features of observations ``(n, *x_shape)`` as points."""
        return Point(self(x))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features ``(n, d)`` of observations ``(n, *x_shape)``."""
        features: Tensor = self.scale(self.network(x).to(x.dtype))
        return features

    def with_decoder(self, decoder: nn.Module, *, likelihood: Any = "bernoulli") -> VAE:
        """Return an autoencoder of a copy of these features, which no longer learns, and a decoder, which may.

        Fit it with ``objectives.AE()``. The copy stays in evaluation mode, so its codes are those of today.

        Args:
            decoder: features ``(n, d)`` to ``(n, *x_shape)``; the ``decoder`` of an ``ae-`` model, say.
            likelihood: as ``models.build`` takes it.

        >>> from latentassay import models, objectives, training
        >>> found = features(x_shape=(6,), latents=2)
        >>> model = found.with_decoder(models.build("ae-mlp", x_shape=(6,), latents=2).decoder, likelihood="squared")
        >>> training.fit(model, objectives.AE(), torch.rand(20, 6), steps=3, batch_size=8, device="cpu").step
        3
        """
        frozen, (latents,) = _Frozen(deepcopy(self)), self.latent_shape
        return VAE(Coders(frozen, decoder), POINT, as_likelihood(likelihood), x_shape=self.x_shape, latents=latents)


class _Frozen(nn.Module):
    """A frozen network that stays in evaluation mode, whatever it is a part of."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> "_Frozen":
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.network(x)
        return output


def features(*, x_shape: Any, latents: Any, hidden: Any = None, seed: Any = 0) -> Features:
    """Build an untrained extractor of the kind of PCL's source: layers of maxout units, then a linear one.

    Args:
        x_shape: shape of one observation.
        latents: number of features d; in the source as many as there are sources.
        hidden: widths of the layers of maxout units; two of 2 d where left out, as in the authors' code.
        seed: fixes the initial weights; the global random state is neither used nor changed.

    Raises:
        InputError: a shape, number or width that is not positive.

    Source: Hyvärinen & Morioka 2017, "Nonlinear ICA of temporally dependent stationary sources", simulations.

    >>> features(x_shape=(6,), latents=2).eval().encode(torch.zeros(3, 6)).mean.shape
    torch.Size([3, 2])
    """
    check_counts(latents=latents)
    check_seed(seed)
    if not isinstance(x_shape, Sequence) or not x_shape or not all(isinstance(s, int) and s > 0 for s in x_shape):
        raise InputError(f"x_shape must be positive integers such as (6,), got {x_shape!r}")
    with seeded(seed):
        network = maxout_extractor(x_shape, latents, (2 * latents,) * 2 if hidden is None else hidden)
    return Features(network, x_shape=x_shape, latents=latents)
