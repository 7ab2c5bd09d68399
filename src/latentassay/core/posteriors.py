"""What an encoder answers: a distribution over latents, even where it is only a point."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Generator, Tensor

LOG_2PI = math.log(2 * math.pi)

FILLED = 16
"""Normal numbers that torch draws at once."""


class Posterior(ABC):
    """Distribution q(z|x) of a batch; every encoder returns one, so no reader asks which."""

    mean: Tensor
    """Posterior mean ``(n, *latent_shape)``."""

    @property
    @abstractmethod
    def std(self) -> Tensor:
        """Marginal standard deviation of every latent, shaped like ``mean``."""

    @abstractmethod
    def sample(self, generator: Generator) -> Tensor:
        """Draw one reparameterised sample per row, shaped like ``mean``."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of ``z`` in nats, summed over the latents: ``(n,)``."""

    @abstractmethod
    def kl_to_prior(self) -> Tensor:
        """KL(q(z|x) ‖ N(0, I)) in nats, summed over the latents: ``(n,)``."""


@dataclass(frozen=True, eq=False)
class Point(Posterior):
    """A deterministic code: all mass at ``mean``. Its density and its divergence from any prior are infinite.

    >>> Point(torch.zeros(1, 2)).kl_to_prior()
    tensor([inf])
    """

    mean: Tensor

    @property
    def std(self) -> Tensor:
        """Zero everywhere."""
        return torch.zeros_like(self.mean)

    def sample(self, generator: Generator) -> Tensor:
        """Return the point itself; the generator is not used."""
        return self.mean

    def log_prob(self, z: Tensor) -> Tensor:
        """+∞ where ``z`` is the point, −∞ elsewhere."""
        hit = (z == self.mean).flatten(1).all(1)
        return torch.where(hit, torch.inf, -torch.inf)

    def kl_to_prior(self) -> Tensor:
        """+∞: a point has no density to compare."""
        return self.mean.new_full((len(self.mean),), torch.inf)


@dataclass(frozen=True, eq=False)
class DiagonalGaussian(Posterior):
    """N(mean, diag(scale²)), the posterior of the usual VAE (Kingma & Welling 2014).

    >>> q = DiagonalGaussian.from_logvar(torch.ones(1, 2), torch.zeros(1, 2))
    >>> q.kl_to_prior()
    tensor([1.])
    """

    mean: Tensor
    scale: Tensor

    @classmethod
    def from_logvar(cls, mean: Tensor, logvar: Tensor) -> "DiagonalGaussian":
        """Build from the log of the *variance*, log σ², as most encoders return it."""
        return cls(mean, (0.5 * logvar).exp())

    @property
    def std(self) -> Tensor:
        """The scale itself."""
        return self.scale

    def sample(self, generator: Generator) -> Tensor:
        """Mean + scale · ε with ε ~ N(0, I)."""
        return self.mean + self.scale * _noise_like(self.mean, generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """−½ Σ [((z−μ)/σ)² + log 2π] − Σ log σ, in nats."""
        scaled = (z - self.mean) / self.std
        return (-0.5 * (scaled.square() + LOG_2PI) - self.std.log()).flatten(1).sum(1)

    def kl_per_latent(self) -> Tensor:
        """½ (μ² + σ² − 1 − log σ²) in nats per latent, shaped like ``mean``.

        Two published codes use σ where σ² belongs, which ``objectives.BetaVAE(beta, kl="sigma")`` does, too.
        """
        return 0.5 * (self.mean.square() + self.std.square() - 1) - self.std.log()

    def kl_to_prior(self) -> Tensor:
        """Sum of ``kl_per_latent`` over the latents, ``(n,)``."""
        return self.kl_per_latent().flatten(1).sum(1)


@dataclass(frozen=True, eq=False)
class FullCovarianceGaussian(Posterior):
    """N(mean, L Lᵀ) for vector latents; ``scale_tril`` = L ``(n, d, d)``, its diagonal positive.

    >>> q = FullCovarianceGaussian(torch.zeros(1, 2), torch.eye(2)[None])
    >>> q.kl_to_prior()
    tensor([0.])
    """

    mean: Tensor
    scale_tril: Tensor

    @property
    def std(self) -> Tensor:
        """Root of the covariance's diagonal."""
        marginal: Tensor = self.scale_tril.square().sum(-1).sqrt()
        return marginal

    def sample(self, generator: Generator) -> Tensor:
        """Mean + L ε with ε ~ N(0, I)."""
        return self.mean + (self.scale_tril @ _noise_like(self.mean, generator)[..., None])[..., 0]

    def _log_det(self) -> Float[Tensor, " n"]:
        diagonal: Tensor = self.scale_tril.diagonal(dim1=-2, dim2=-1)
        return diagonal.log().sum(-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """−½ (‖L⁻¹(z−μ)‖² + d log 2π) − log det L, in nats."""
        residual = (z - self.mean)[..., None]
        scaled: Tensor = torch.linalg.solve_triangular(self.scale_tril, residual, upper=False)
        return -0.5 * (scaled.square() + LOG_2PI).sum((-2, -1)) - self._log_det()

    def kl_to_prior(self) -> Tensor:
        """½ (‖μ‖² + ‖L‖²_F − d) − log det L, in nats."""
        squares = self.mean.square().sum(-1) + self.scale_tril.square().sum((-2, -1))
        return 0.5 * (squares - self.mean.shape[-1]) - self._log_det()


@runtime_checkable
class Prior(Protocol):
    """Distribution p(z) that a model was trained to match."""

    @property
    def std(self) -> float:
        """Standard deviation of one latent."""

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Draw ``(n, *latent_shape)`` on the generator's device."""

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats, ``(n,)``."""


@dataclass(frozen=True)
class StandardNormal:
    """N(0, I) over latents of a given shape.

    >>> StandardNormal((3,)).sample(2, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 3])
    """

    latent_shape: tuple[int, ...]

    @property
    def std(self) -> float:
        """One."""
        return 1.0

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Draw ``(n, *latent_shape)`` on the generator's device."""
        return torch.randn(n, *self.latent_shape, generator=generator, device=generator.device)

    def log_prob(self, z: Tensor) -> Tensor:
        """−½ Σ (z² + log 2π) in nats, ``(n,)``."""
        density: Tensor = -0.5 * (z.square() + LOG_2PI).flatten(1).sum(1)
        return density


def _noise_like(mean: Tensor, generator: Generator) -> Tensor:
    """Draw noise that is the same for a row whichever rows it is drawn with, after those before it.

    On the CPU torch fills normal numbers by sixteens; what does not fill sixteen is drawn in another way.
    """
    latents = mean[0].numel() if len(mean) else 0
    drawn = (len(mean), -(-latents // FILLED) * FILLED)
    noise = torch.randn(drawn, generator=generator, device=mean.device, dtype=mean.dtype)
    return noise[:, :latents].reshape(mean.shape)
