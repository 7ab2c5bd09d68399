"""Convolutional autoencoders about which everything is known: circular linear ones, and one of orthonormal patches."""

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, pad

from latentassay import DiagonalGaussian, StandardNormal


class Circular:
    """decode = d ∗ z, encode = e ∗ x, both circular with kernels ``(out, in, 3, 3)``: the response kernel is e ∗ d."""

    prior = None

    def __init__(self, decoder: Tensor, encoder: Tensor, side: int = 9):
        self.D, self.E = decoder.double(), encoder.double()
        self.latent_shape = (decoder.shape[1], side, side)

    def decode(self, z: Tensor) -> Tensor:
        return conv2d(pad(z.double(), (1, 1, 1, 1), mode="circular"), self.D)

    def encode(self, x: Tensor) -> DiagonalGaussian:
        mean = conv2d(pad(x.double(), (1, 1, 1, 1), mode="circular"), self.E)
        return DiagonalGaussian(mean, torch.full_like(mean, 0.1))

    def response_kernel(self) -> Tensor:
        """What a unit at the middle place of channel j does to channel k at each offset, ``(j, k, side, side)``."""
        c, side, _ = self.latent_shape
        impulse = torch.zeros(c, c, side, side, dtype=torch.float64)
        impulse[range(c), range(c), side // 2, side // 2] = 1
        return self.encode(self.decode(impulse)).mean


def circular(channels: int = 2, observed: int = 3, side: int = 9, seed: int = 0) -> Circular:
    g = torch.Generator().manual_seed(seed)
    return Circular(
        torch.randn(observed, channels, 3, 3, generator=g), torch.randn(channels, observed, 3, 3, generator=g), side
    )


def cosines(size: int) -> Tensor:
    """The orthonormal cosine transform of patches ``(size², 1, size, size)``, from slow to fast."""
    at = (torch.arange(size).double() + 0.5) * math.pi / size
    wave = torch.stack([(k * at).cos() * (1 if k else 0.5**0.5) for k in range(size)]) * (2 / size) ** 0.5
    basis = torch.einsum("ai,bj->abij", wave, wave).flatten(0, 1)
    order = sorted(range(size**2), key=lambda k: (k // size + k % size, k))
    return basis[order][:, None]


class Patches:
    """Every patch of a grey picture is described by its slowest cosines, whitened; noise as a linear VAE would have.

    Codes of the pictures ``clouds`` makes have variance 1, decoding inverts encoding, and each channel is its own.
    """

    def __init__(self, channels: int = 6, size: int = 4, side: int = 8, noise: float = 0.1):
        self.basis, self.size, self.noise = cosines(size)[:channels], size, noise
        self.latent_shape = (channels, side, side)
        self.prior = StandardNormal(self.latent_shape)
        codes = conv2d(clouds(256, side * size, seed=99) - 0.5, self.basis, stride=size)
        self.scale = codes.square().mean((0, 2, 3)).div(1 - noise**2).sqrt()[:, None, None]

    def encode(self, x: Tensor) -> DiagonalGaussian:
        mean = conv2d(x.double() - 0.5, self.basis, stride=self.size) / self.scale
        return DiagonalGaussian(mean, torch.full_like(mean, self.noise))

    def decode(self, z: Tensor) -> Tensor:
        return conv_transpose2d(z.double() * self.scale, self.basis, stride=self.size) + 0.5


def clouds(n: int, side: int = 32, seed: int = 0) -> Tensor:
    """Grey pictures ``(n, 1, side, side)`` of power 1/f², as natural ones have, mostly in [0, 1]."""
    noise = torch.randn(n, 1, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    f = torch.fft.fftfreq(side, dtype=torch.float64) * side
    f = (f[:, None].square() + f.square()).clamp(min=1)
    x = torch.fft.ifft2(torch.fft.fft2(noise) / f.sqrt()).real
    return 0.5 + 0.15 * x / x.std()
