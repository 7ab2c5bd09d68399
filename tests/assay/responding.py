"""Vectors in, vectors out: models whose response to a change is a matrix, and whose consistency is therefore known."""

import numpy as np
import torch

import latentassay as la
from tests.oracles.linear import LinearGaussian, exact_inverse

LEAK = 1.2


def observations(model, latents=3, n=400, seed=1):
    z = torch.randn(n, latents, generator=torch.Generator().manual_seed(seed)).to(model.D)
    return model.decode(z).float()


def clean():
    """A model that inverts itself, and observations of its own."""
    model = exact_inverse(3, 8, noise=0.01)
    return model, observations(model)


def leaking(matrix, n=400):
    """A model whose response to z is this matrix times z."""
    inverse = exact_inverse(len(matrix), 8, noise=0.01)
    turned = torch.tensor(matrix, dtype=torch.float64) @ inverse.E
    return LinearGaussian(turned, inverse.D, noise=0.01), observations(inverse, len(matrix), n)


def collapsed():
    """Units 1 and 3 of four are collapsed: to the first nothing comes back, to the last a hundredth."""
    return leaking([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0.1]])


def on_a_line(n=400):
    """Both latents of real data are one; the model averages what it is given."""
    model = la.from_torch(lambda x: x.mean(1, keepdim=True).expand(-1, 2), lambda z: z, latent_shape=(2,))
    return model, torch.randn(n, 1, generator=torch.Generator().manual_seed(0)).expand(-1, 2)


def on_a_line_and_beside(n=400):
    """The same, and a third latent beside them that is its own."""
    line, x = on_a_line(n)
    beside = torch.randn(n, 1, generator=torch.Generator().manual_seed(1))
    model = la.from_torch(
        lambda x: torch.cat([line.encode(x[:, :2]).mean, x[:, 2:]], 1), lambda z: z, latent_shape=(3,)
    )
    return model, torch.cat([x, beside], 1)


def on_a_circle(n=400):
    """Both latents of real data lie on the unit circle, and the model takes all others to its nearest point."""
    model = la.from_torch(lambda x: x, lambda z: z / z.norm(dim=1, keepdim=True).clamp(min=1e-6), latent_shape=(2,))
    angle = 6.2832 * torch.rand(n, generator=torch.Generator().manual_seed(0))
    return model, torch.stack([angle.cos(), angle.sin()], 1)


def channels():
    """Three channels that hold every fourth pixel of pictures made of squares of two by two."""
    pair = la.from_torch(
        lambda x: x[:, :, ::2, ::2], lambda z: z.repeat_interleave(2, 2).repeat_interleave(2, 3), latent_shape=(3, 4, 4)
    )
    x = torch.rand(64, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    return pair, x.repeat_interleave(2, 2).repeat_interleave(2, 3)


class Causes:
    """Z_0 = N_0, Z_1 = N_1 + 2 Z_0, Z_2 = N_2; pictures of 2×4 are linear in Z, and are read back exactly."""

    latent_shape, prior = (3,), None

    def __init__(self, blind=(), times=1.0):
        self.D = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
        self.blind, self.times = list(blind), times

    def causes(self, z, given=None):
        given, made = given or {}, []
        for i in range(3):
            own = z[:, i : i + 1] + (2 * made[0] if i == 1 else 0)
            made.append(given.get(i, own))
        return torch.stack(made, 1)

    def decode_causes(self, causes):
        return (causes.flatten(1) @ self.D.T).reshape(-1, 1, 2, 4)

    def decode(self, z):
        return self.decode_causes(self.causes(z))

    def encode(self, x):
        z = x.flatten(1) @ torch.linalg.pinv(self.D).T
        noises = torch.stack([z[:, 0], z[:, 1] - 2 * z[:, 0], z[:, 2]], 1)
        for unit in self.blind:
            noises[:, unit] = self.times * noises[:, 1 - unit] + noises[:, unit]
        return la.Point(noises)

    def adjacency(self):
        return torch.tensor([[0, 0.9, 0.1], [0, 0, 0.3], [0, 0, 0]])


def shrinking(factor, latents=3, n=200):
    """A model without a prior that hands on its latents times a factor, and normal data."""
    model = la.from_torch(lambda x: x * factor, lambda z: z, latent_shape=(latents,))
    return model, torch.randn(n, latents, generator=torch.Generator().manual_seed(0))


def gridded(model, sizes=(6, 5, 4)):
    """Data with as many factors as the model has latents, every combination of their values once."""
    codes = np.indices(sizes).reshape(len(sizes), -1).T
    z = torch.from_numpy((codes - codes.mean(0)) / codes.std(0))
    return la.data.FactorData(model.decode(z).float().numpy(), codes, ("a", "b", "c"), sizes)
