"""Autoencoders with an explicit causal block: their latents are noises, and what is decoded are causes (IC 2.2)."""

from collections.abc import Mapping
from typing import Any, final

from torch import Tensor, nn

from latentassay.core.posteriors import Posterior, Prior
from latentassay.models.vae import VAE
from latentassay.nn.xblock import XBlock
from latentassay.stats.likelihoods import Likelihood


@final
class XAutoencoder(nn.Module):
    """Any autoencoder of one latent vector, an ``XBlock`` before its decoder.

    Behind the door it is an autoencoder of noises N: they are what is encoded, sampled and intervened on. Besides, it
    has the causes Z (``HasCauses``).

    Args:
        body: encoder of ``block.units`` noises and decoder of ``block.units · block.size`` causes.
        block: noises to causes.
        spec: what ``models.build`` makes it from, or ``None``.
    """

    def __init__(self, body: VAE, block: XBlock, *, spec: Mapping[str, Any] | None = None):
        super().__init__()
        self.body, self.block, self.spec = body, block, spec

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of one observation."""
        return self.body.x_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """``(units,)``."""
        return (self.block.units,)

    @property
    def variables(self) -> tuple[tuple[int, ...], ...]:
        """Each noise on its own."""
        return tuple((i,) for i in range(self.block.units))

    @property
    def prior(self) -> Prior | None:
        """N(0, I) over the noises, or ``None`` for point codes."""
        return self.body.prior

    @property
    def likelihood(self) -> Likelihood:
        """Reads ``decoder_output`` as p(x|z)."""
        return self.body.likelihood

    def encode(self, x: Tensor) -> Posterior:
        """Return q(N|x) for observations ``(n, *x_shape)``."""
        return self.body.encode(x)

    def decoder_output(self, z: Tensor) -> Tensor:
        """Return the parameters of p(x|N), ``(n, *x_shape)``, for noises ``(n, units)``."""
        return self.body.decoder_output(self.causes(z).flatten(1))

    def decode(self, z: Tensor) -> Tensor:
        """Return the mean of p(x|N), ``(n, *x_shape)``, for noises ``(n, units)``."""
        return self.decode_causes(self.causes(z))

    def causes(self, z: Tensor, given: Mapping[int, Tensor] | None = None) -> Tensor:
        """Return causes ``(n, units, size)`` of noises; ``given`` sets some of them by hand."""
        causes: Tensor = self.block(z, given)
        return causes.to(z.dtype)

    def decode_causes(self, causes: Tensor) -> Tensor:
        """Return the mean observation ``(n, *x_shape)`` for causes ``(n, units, size)``."""
        return self.body.decode(causes.flatten(1))

    def adjacency(self) -> Tensor:
        """Return how open the way from every parent (row) to every child (column) is."""
        return self.block.adjacency()

    def open_gates(self) -> Tensor:
        """Return the expected number of open gates, through which gradients pass."""
        return self.block.open_gates()
