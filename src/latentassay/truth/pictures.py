"""A spatial world: grey pictures of power 1/f² whose patches are a few slow cosines and noise, one channel each.

The coefficient of a cosine is ``w z + σ ε``, so that the optimum of a VAE is known as for vectors:
``mean = coefficient · w/(w² + σ²)``, ``std² = σ²/(w² + σ²)``, and it writes ``w z``.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from latentassay.truth.plant import Plant, chance, torch_chance
from latentassay.truth.vectors import Faulty


class PatchWorld:
    """Pictures, and the posterior of the optimum; codes have variance 1 with their noise, and each channel is its own.

    Attributes:
        channels: how many cosines are used, the slowest first.
        side: places along a side.
        noise: standard deviation of the posterior of every channel, ``(c, 1, 1)``.
        size: side of a patch.
        rows: how many pictures there are.
    """

    def __init__(self, seed: int):
        rng = chance("patch world", seed)
        self.seed, self.size, self.rows = seed, 4, int(rng.integers(400, 601))
        self.channels, self.side = int(rng.integers(4, 8)), int(rng.integers(6, 9))
        every = cosines(self.size)
        self._basis, self._fast = every[: self.channels], every[-1:]
        many = clouds(256, self.size * self.side, seed=10_000 + seed) - 0.5
        self._scale = self._coefficients(many).square().mean((0, 2, 3)).sqrt()[:, None, None]
        self._sigma = float(rng.uniform(0.1, 0.2) * self._scale.min())
        self._variance = self._scale.square() + self._sigma**2
        self.noise = self._sigma / self._variance.sqrt()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one latent."""
        return self.channels, self.side, self.side

    def draw(self) -> Float[Tensor, "n 1 h w"]:
        """Draw pictures, mostly in [0, 1]."""
        seen = self._coefficients(clouds(self.rows, self.size * self.side, seed=self.seed) - 0.5)
        pictures = self.decode(seen / self._scale)
        generator = torch_chance(chance("noise of pictures", self.seed))
        return pictures + self._sigma * torch.randn(pictures.shape, generator=generator)

    def encode(self, x: Float[Tensor, "n 1 h w"]) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the posterior."""
        mean = self._coefficients(x - 0.5) * (self._scale / self._variance)
        return mean, self.noise.expand_as(mean)

    def decode(self, hidden: Tensor) -> Float[Tensor, "n 1 h w"]:
        """Return the pictures of latents."""
        painted: Tensor = conv_transpose2d(hidden * self._scale, self._basis, stride=self.size)
        return painted + 0.5

    def detail(self, x: Tensor) -> Tensor:
        """Return what a cosine that no channel holds says of every patch: noise of variance 1."""
        found: Tensor = conv2d(x - 0.5, self._fast, stride=self.size)[:, 0] / self._sigma
        return found

    def _coefficients(self, x: Tensor) -> Tensor:
        found: Tensor = conv2d(x, self._basis, stride=self.size)
        return found


def cosines(size: int) -> Float[Tensor, "k 1 s s"]:
    """Return the orthonormal cosine transform of patches, from slow to fast.

    >>> flat = cosines(4).flatten(1)
    >>> torch.allclose(flat @ flat.T, torch.eye(16), atol=1e-5)
    True
    """
    at = (torch.arange(size).double() + 0.5) * math.pi / size
    wave = torch.stack([(k * at).cos() * (1 if k else 0.5**0.5) for k in range(size)]) * (2 / size) ** 0.5
    basis = torch.einsum("ai,bj->abij", wave, wave).flatten(0, 1)
    order = sorted(range(size**2), key=lambda k: (k // size + k % size, k))
    return basis[order][:, None].float()


def clouds(n: int, side: int, *, seed: int) -> Float[Tensor, "n 1 side side"]:
    """Draw grey pictures of power 1/f², as natural ones have."""
    noise = torch.randn(n, 1, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    f = torch.fft.fftfreq(side, dtype=torch.float64) * side
    f = (f[:, None].square() + f.square()).clamp(min=1)
    x = torch.fft.ifft2(torch.fft.fft2(noise) / f.sqrt()).real
    grey: Tensor = (0.5 + 0.15 * x / x.std()).float()
    return grey


def clean_pictures(seed: int) -> Plant:
    """Return the clean twin of spatial kinds."""
    world = PatchWorld(seed)
    return Plant(model=Faulty(world, world.shape), data=world.draw())
