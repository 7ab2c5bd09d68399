"""Every function of the room: numpy in, numpy out; plain double precision throughout; a seed is a generator."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import latentassay as la
from latentassay import spatial
from latentassay.core.estimate import Estimate
from latentassay.sampling import Codes

KERNEL = torch.randn(2, 2, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
X = torch.randn(12, 2, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
STD = torch.rand(12, 2, 8, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

MODEL = la.from_torch(lambda x: x, lambda z: F.conv2d(z, KERNEL, padding=1).tanh(), latent_shape=(2, 8, 8))
"""Functions whose weights stand in a closure, in double precision."""

OF_ARRAYS = {
    "activity_maps": lambda z: spatial.activity_maps(Codes(z, abs(z), None)),
    "channel_correlations": spatial.channel_correlations,
    "channel_effects": lambda z: spatial.channel_effects(MODEL, z, generator=5),
    "spatial_response_kernel": lambda z: spatial.spatial_response_kernel(MODEL, z, generator=5, channels=[0, 1]),
    "place_effects": lambda z: spatial.place_effects(MODEL, z, generator=5, places=np.arange(4)),
    "global_places": lambda z: spatial.global_places(
        spatial.place_effects(MODEL, z, places=[0, 9, 20]), abs(z[0, 0]) + 0.1
    ),
}


def arrays(found):
    return [part for part in found if isinstance(part, torch.Tensor | np.ndarray)]


def numbers(found):
    return [float(part) for part in found if isinstance(part, Estimate)]


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_arrays_go_in_and_come_out_in_double_precision(name):
    ours, theirs = OF_ARRAYS[name](X), OF_ARRAYS[name](X.numpy())
    assert arrays(ours) and numbers(ours) == numbers(theirs)
    for tensor, array in zip(arrays(ours), arrays(theirs), strict=True):
        assert isinstance(tensor, torch.Tensor) and isinstance(array, np.ndarray)
        np.testing.assert_array_equal(array, tensor.numpy())
        assert tensor.dtype in (torch.float64, torch.int64)


def test_double_precision_is_not_lost_on_the_way():
    """What a change of 1e-9 does shows, which single precision would drown."""
    base = torch.ones(8, 2, 8, 8, dtype=torch.float64)
    z = base + 1e-9 * X[:8]
    model = la.from_torch(lambda x: x, lambda z: 2 * z, latent_shape=(2, 8, 8))
    found = spatial.spatial_response_kernel(model, z)
    assert float(found.size.mean()) == pytest.approx(4, rel=1e-5) and found.reach == 0
    moved = spatial.spatial_equivariance(model, z, margin=0)
    assert float(moved.encoded[0]) < 1e-9
    power = spatial.latent_spectrum(model, z).latent.power
    assert float(power.mean()) == pytest.approx(1e-18, rel=0.3)


@pytest.mark.parametrize("name", ["channel_effects", "spatial_response_kernel", "place_effects"])
def test_a_seed_is_a_generator(name):
    measure = getattr(spatial, name)
    first, again = measure(MODEL, X, generator=3), measure(MODEL, X, generator=torch.Generator().manual_seed(3))
    other = measure(MODEL, X, generator=4)
    assert all(torch.equal(a, b) for a, b in zip(arrays(first), arrays(again), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(arrays(first), arrays(other), strict=True))
    assert all(
        torch.equal(a, b)
        for a, b in zip(arrays(measure(MODEL, X)), arrays(measure(MODEL, X, generator=0)), strict=True)
    )


def test_scalars_say_how_sure_they_are():
    kernel, spectrum = spatial.spatial_response_kernel(MODEL, X), spatial.latent_spectrum(MODEL, X)
    for scalar in (kernel.reach, kernel.away, spectrum.latent.slope, spectrum.picture.slope, spectrum.matched.slope):
        assert isinstance(scalar, Estimate) and scalar.low <= scalar <= scalar.high and scalar.n == 12


def test_twins_are_found_in_arrays():
    assert spatial.twins(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros((2, 2))) == ((0, 1),)
