"""The optimal linear VAE: encoder, posterior std and decoder noise in closed form; the noise can be made wrong."""

import torch
from torch import Tensor

from latentassay import DiagonalGaussian, FullCovarianceGaussian, StandardNormal


class OptimalVAE:
    """x = W z + η ε with z ~ N(0, I), and the best posterior of its kind, whose std is taken ``times``.

    Of independent latents ``s_j² = η² / (‖w_j‖² + η²)``; the columns of W have such lengths that ``s_j² = variance``.
    """

    def __init__(self, latents: int, observed: int, variance: float, *, times=1.0, straight=True, full=False, seed=0):
        g = torch.Generator().manual_seed(seed)
        W = torch.randn(observed, latents, generator=g).double()
        W = torch.linalg.qr(W).Q if straight else W / W.norm(dim=0)
        self.W, self.times, self.full = W * (1 / variance - 1) ** 0.5, times, full
        self.inverse = torch.linalg.inv(self.W.T @ self.W + torch.eye(latents).double())
        self.variance, self.latent_shape, self.prior = variance, (latents,), StandardNormal((latents,))

    def encode(self, x: Tensor) -> DiagonalGaussian | FullCovarianceGaussian:
        mean = x.double() @ self.W @ self.inverse
        if self.full:
            root = torch.linalg.cholesky(self.inverse) * self.times
            return FullCovarianceGaussian(mean, root.expand(len(x), *root.shape))
        return DiagonalGaussian(mean, torch.full_like(mean, self.times * self.variance**0.5))

    def decode(self, z: Tensor) -> Tensor:
        return z.double() @ self.W.T

    def sample(self, n: int, seed: int = 1) -> Tensor:
        g = torch.Generator().manual_seed(seed)
        z = torch.randn(n, self.W.shape[1], generator=g).double()
        return z @ self.W.T + torch.randn(n, len(self.W), generator=g).double()
