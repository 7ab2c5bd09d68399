"""Nonlinear eigenfaces of a linear model, where they are known, and what is refused."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.core.errors import InputError
from latentassay.geometry import nonlinear_eigenfaces


class Known:
    """Decodes z @ D; the second unit is the most precise, then the third, then the first."""

    latent_shape, prior = (3,), la.StandardNormal((3,))
    D = torch.tensor([[1.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 3.0, 0]])
    sigma = torch.tensor([0.9, 0.1, 0.5])

    def encode(self, x):
        mean = x @ torch.linalg.pinv(self.D)
        return la.DiagonalGaussian(mean, self.sigma.expand_as(mean))

    def decode(self, z):
        return z @ self.D


X = torch.rand(40, 4, generator=torch.Generator().manual_seed(0))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_linear_decoder_moves_along_its_own_rows():
    found = nonlinear_eigenfaces(Known(), X, generator=seeded(), units=2, alpha=2, steps=5)
    assert found.units == (1, 2) and found.n == 40
    assert_close(found.sigma, torch.tensor([0.1, 0.5]))
    assert_close(found.values, torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]))
    assert_close(found.images - found.mean, found.values[:, None] * Known.D[[1, 2]][:, None])
    assert_close(found.mean, X.mean(0) * torch.tensor([1.0, 1, 1, 0]))


def test_more_units_than_there_are_and_fewer_rows():
    found = nonlinear_eigenfaces(Known(), X, generator=seeded(), units=9, rows=7)
    assert found.units == (1, 2, 0) and found.n == 7 and found.images.shape == (3, 7, 4)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"units": 0}, "must be a positive"), ({"alpha": -1}, "must be a positive"), ({"steps": 0}, "must be a positive")],
)
def test_numbers_that_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        nonlinear_eigenfaces(Known(), X, generator=seeded(), **change)


def test_units_may_be_named():
    found = nonlinear_eigenfaces(Known(), X, units=[0, 1])
    assert found.units == (0, 1)
    assert_close(found.sigma, torch.tensor([0.9, 0.1]))
    assert_close(found.images[1, -1] - found.mean, 2.5 * Known.D[1])
    with pytest.raises(InputError, match=r"0\.\.2"):
        nonlinear_eigenfaces(Known(), X, units=[3])


def test_points_and_pictures_of_latents_are_refused():
    points = la.from_torch(lambda x: x, lambda z: z, latent_shape=(4,))
    with pytest.raises(InputError, match="points"):
        nonlinear_eigenfaces(points, X, generator=seeded())
    spatial = la.from_torch(lambda x: x, lambda z: z, latent_shape=(1, 2, 2))
    with pytest.raises(InputError, match="must be a vector"):
        nonlinear_eigenfaces(spatial, X.view(-1, 1, 2, 2), generator=seeded())
