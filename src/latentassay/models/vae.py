"""Autoencoders of two networks and one latent vector: AE, VAE and VAE with full covariance."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import Tensor, nn

from latentassay.core.posteriors import Posterior, Prior, StandardNormal
from latentassay.nn.coders import Coders
from latentassay.nn.heads import Head
from latentassay.stats.likelihoods import Likelihood


@final
class VAE(nn.Module):
    """An autoencoder behind the door; the head says whether it is variational.

    Attributes:
        x_shape: shape of one observation.
        latent_shape: ``(d,)``.
        prior: N(0, I), or ``None`` for an autoencoder with point codes.
        likelihood: reads ``decoder_output`` as p(x|z).
        spec: name and options that ``models.build`` makes it from, or ``None`` if they are not known.
    """

    def __init__(
        self,
        coders: Coders,
        head: Head,
        likelihood: Likelihood,
        *,
        x_shape: Sequence[int],
        latents: int,
        spec: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.encoder, self.decoder = coders
        self.likelihood, self.spec, self._head = likelihood, spec, head
        self.x_shape, self.latent_shape = tuple(x_shape), (latents,)
        self.prior: Prior | None = StandardNormal(self.latent_shape) if head.has_prior else None

    @property
    def variables(self) -> tuple[tuple[int, ...], ...]:
        """The latents of each variable: those that enter a structural decoder together, else each on its own.

        Hybrid samples draw whole variables: ``la.hybrid(z, n, units=model.variables, …)``.
        """
        # A structural decoder knows; any other takes each latent on its own.
        alone = tuple((i,) for i in range(self.latent_shape[0]))
        return getattr(self.decoder, "variables", alone)

    def encode(self, x: Tensor) -> Posterior:
        """Return q(z|x) for observations ``(n, *x_shape)``."""
        # Under autocast the network answers in half precision; densities need the precision of the data.
        return self._head.read(self.encoder(x).to(x.dtype))

    def decoder_output(self, z: Tensor) -> Tensor:
        """Return the parameters of p(x|z), ``(n, *x_shape)``, that ``likelihood`` reads."""
        output: Tensor = self.decoder(z).to(z.dtype)
        return output

    def decode(self, z: Tensor) -> Tensor:
        """Return the mean of p(x|z), ``(n, *x_shape)``, for latents ``(n, d)``."""
        return self.likelihood.mean(self.decoder_output(z))
