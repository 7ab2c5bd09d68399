"""Probabilistic PCA as an autoencoder: marginal likelihood, posterior and every bound are known in closed form."""

import torch
from torch import Tensor, nn
from torch import distributions as D

from latentassay import FullCovarianceGaussian, StandardNormal
from latentassay.stats.likelihoods import Gaussian


class ProbabilisticPCA(nn.Module):
    """x = W z + b + σ ε with z ~ N(0, I) (Tipping & Bishop 1999).

    ``encode`` answers with the exact posterior, moved by ``shift`` and widened by ``widen``.
    """

    def __init__(self, W: Tensor, b: Tensor, sigma: float, shift: float = 0.0, widen: float = 1.0):
        super().__init__()
        self.register_buffer("W", W.double())
        self.register_buffer("b", b.double())
        self.sigma, self.shift, self.widen = sigma, shift, widen
        self.latent_shape = (W.shape[1],)
        self.prior, self.likelihood = StandardNormal(self.latent_shape), Gaussian(std=sigma)

    def decoder_output(self, z: Tensor) -> Tensor:
        return z.double() @ self.W.T + self.b

    decode = decoder_output

    def posterior(self, x: Tensor) -> D.MultivariateNormal:
        """p(z|x) = N(M⁻¹ Wᵀ (x − b), σ² M⁻¹), M = Wᵀ W + σ² I."""
        inverse = torch.linalg.inv(self.W.T @ self.W + self.sigma**2 * torch.eye(self.W.shape[1]).double())
        return D.MultivariateNormal((x.double() - self.b) @ self.W @ inverse, self.sigma**2 * inverse)

    def proposal(self, x: Tensor) -> D.MultivariateNormal:
        exact = self.posterior(x)
        return D.MultivariateNormal(exact.mean + self.shift, scale_tril=exact.scale_tril * self.widen)

    def encode(self, x: Tensor) -> FullCovarianceGaussian:
        q = self.proposal(x)
        return FullCovarianceGaussian(q.mean, q.scale_tril)

    def log_marginal(self, x: Tensor) -> Tensor:
        """log N(x; b, W Wᵀ + σ² I)."""
        cov = self.W @ self.W.T + self.sigma**2 * torch.eye(len(self.W)).double()
        return D.MultivariateNormal(self.b, cov).log_prob(x.double())

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        z = self.prior.sample(n, generator).double()
        noise = torch.randn(n, len(self.W), generator=generator, dtype=torch.float64)
        return self.decode(z) + self.sigma * noise

    def bound(self, x: Tensor, alpha: float) -> Tensor:
        """log p(x) − D_α(q ‖ p(z|x)): the variational Rényi bound with as many samples as there are."""
        return self.log_marginal(x) - renyi_divergence(self.proposal(x), self.posterior(x), alpha)


def renyi_divergence(q: D.MultivariateNormal, p: D.MultivariateNormal, alpha: float) -> Tensor:
    """D_α(q ‖ p) of Gaussians (Gil, Alajaji & Linder 2013), any α for which it is finite."""
    if alpha == 1:
        return D.kl_divergence(q, p)
    if alpha == 0:
        return torch.zeros(q.batch_shape).double()
    between = alpha * p.covariance_matrix + (1 - alpha) * q.covariance_matrix
    assert (torch.linalg.eigvalsh(between) > 0).all(), "infinite"
    delta = (q.mean - p.mean)[..., None]
    quadratic = (delta.mT @ torch.linalg.solve(between, delta))[..., 0, 0]
    logs = between.logdet() - (1 - alpha) * q.covariance_matrix.logdet() - alpha * p.covariance_matrix.logdet()
    return 0.5 * alpha * quadratic - logs / (2 * (alpha - 1))


def random_ppca(latents: int = 2, observed: int = 5, sigma: float = 0.5, seed: int = 0, **proposal) -> ProbabilisticPCA:
    g = torch.Generator().manual_seed(seed)
    W, b = torch.randn(observed, latents, generator=g), torch.randn(observed, generator=g)
    return ProbabilisticPCA(W, b, sigma, **proposal)
