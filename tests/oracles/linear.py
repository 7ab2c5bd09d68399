"""A linear-Gaussian autoencoder: everything about it is known in closed form."""

import torch
from torch import Tensor

from latentassay import DiagonalGaussian, StandardNormal


class LinearGaussian:
    """x = D z, q(z|x) = N(E x, s²): the response is the matrix A = E D."""

    def __init__(self, encoder: Tensor, decoder: Tensor, noise: float = 0.0):
        self.E, self.D, self.noise = encoder.double(), decoder.double(), noise
        self.latent_shape = (encoder.shape[0],)
        self.prior = StandardNormal(self.latent_shape)

    @property
    def A(self) -> Tensor:
        return self.E @ self.D

    def encode(self, x: Tensor) -> DiagonalGaussian:
        mean = x.double() @ self.E.T
        return DiagonalGaussian(mean, torch.full_like(mean, self.noise))

    def decode(self, z: Tensor) -> Tensor:
        return z.double() @ self.D.T


def random_linear(latents: int, observed: int, seed: int = 0, noise: float = 0.0) -> LinearGaussian:
    g = torch.Generator().manual_seed(seed)
    decoder = torch.randn(observed, latents, generator=g)
    encoder = torch.linalg.pinv(decoder) + 0.1 * torch.randn(latents, observed, generator=g) / observed**0.5
    return LinearGaussian(encoder, decoder, noise)


def exact_inverse(latents: int, observed: int, seed: int = 0, noise: float = 0.0) -> LinearGaussian:
    decoder = torch.randn(observed, latents, generator=torch.Generator().manual_seed(seed)).double()
    return LinearGaussian(torch.linalg.pinv(decoder), decoder, noise)
