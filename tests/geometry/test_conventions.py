"""Every function of the room: numpy in, numpy out; plain double precision throughout; a seed is a generator."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay import geometry as geo
from latentassay.core.estimate import Estimate

WEIGHTS = torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
INVERSE = torch.linalg.pinv(WEIGHTS)
X = torch.randn(40, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * torch.arange(1.0, 10)
Z = torch.randn(40, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
A, B = Z[:3], Z[3:6]
STD = torch.full_like(A, 0.3)

PLAIN = la.from_torch(lambda x: x @ INVERSE.T, lambda z: (z @ WEIGHTS.T).tanh(), latent_shape=(4,))
"""Functions whose weights stand in a closure, in double precision."""

NOISY = la.from_torch(
    lambda x: (x @ INVERSE.T, 0.1 + 0 * x @ INVERSE.T), lambda z: z @ WEIGHTS.T, latent_shape=(4,), output="mean_std"
)


def curves(metric):
    options = {"latents": (0, 1), "n": 12} if metric == "response" else {}
    return lambda z, a, b: geo.interpolate(PLAIN, a, b, metric=metric, steps=5, codes=z, **options)


OF_LATENTS = {
    "slerp": lambda z, a, b: geo.slerp(a, b, 4),
    "decoder_jacobian": lambda z, a, b: geo.decoder_jacobian(PLAIN.decode, z),
    "decoder_jacobian of a function": lambda z, a, b: geo.decoder_jacobian(lambda z: z @ WEIGHTS.T, z),
    "volume_element": lambda z, a, b: geo.volume_element(PLAIN.decode, z),
    "pullback_geodesic": lambda z, a, b: geo.pullback_geodesic(PLAIN.decode, a, b),
    "pullback_geodesic of a function": lambda z, a, b: geo.pullback_geodesic(lambda z: (z @ WEIGHTS.T).sin(), a, b),
    "density_geodesic": lambda z, a, b: geo.density_geodesic(z, a, b),
    "density cost": lambda z, a, b: geo.Density(z).cost(a),
    "fisher_rao_distance": lambda z, a, b: geo.fisher_rao_distance((a, abs(b)), (b, abs(a))),
    "fisher_rao_geodesic": lambda z, a, b: geo.fisher_rao_geodesic((a, abs(b)), (b, abs(a)), sample=True),
    "noise_floor": lambda z, a, b: geo.noise_floor(a.reshape(1, 4, 3)),
    "nearest_signed_permutation": lambda z, a, b: geo.nearest_signed_permutation(rotation(z)),
} | {f"interpolate, {metric}": curves(metric) for metric in geo.LATENT_METRICS if metric != "fisher-rao"}


def rotation(z):
    q = torch.linalg.qr(torch.as_tensor(z)[:4]).Q
    return q if isinstance(z, torch.Tensor) else q.numpy()


def leaves(found):
    """Every array in a result."""
    if isinstance(found, torch.Tensor | np.ndarray):
        return [found]
    if isinstance(found, dict):
        found = tuple(found.values())
    return [leaf for part in found for leaf in leaves(part)] if isinstance(found, tuple) else []


@pytest.mark.parametrize("name", OF_LATENTS)
def test_arrays_go_in_and_come_out_in_double_precision(name):
    theirs = OF_LATENTS[name](*(part.numpy() for part in (Z, A, B)))
    ours = OF_LATENTS[name](Z, A, B)
    assert leaves(ours) and len(leaves(ours)) == len(leaves(theirs))
    for tensor, array in zip(leaves(ours), leaves(theirs), strict=True):
        assert isinstance(tensor, torch.Tensor) and isinstance(array, np.ndarray)
        np.testing.assert_allclose(array, tensor.numpy(), rtol=1e-12, atol=1e-12)
        assert tensor.dtype in (torch.float64, torch.int64)


def angle(x):
    """Of the first two columns, as one column of their kind."""
    return x[:, :1].arctan2(x[:, 1:2]) if isinstance(x, torch.Tensor) else np.arctan2(x[:, :1], x[:, 1:2])


MEASURED = {
    "pca_alignment": (lambda g, x: geo.pca_alignment(PLAIN, x, generator=g, points=9), "score"),
    "distance_to_orthogonality": (lambda g, x: geo.distance_to_orthogonality(PLAIN, x, generator=g, points=9), "score"),
    "nonlinear_eigenfaces": (lambda g, x: geo.nonlinear_eigenfaces(NOISY, x, generator=g, rows=9), None),
    "principal_spectrum": (lambda g, x: geo.principal_spectrum(x, generator=g), "chance"),
    "embedding_geometry": (
        lambda g, x: geo.embedding_geometry(x[:, :2], angle(x), period=2 * np.pi, generator=g, resamples=2),
        "score",
    ),
}


@pytest.mark.parametrize("name", MEASURED)
def test_a_seed_is_a_generator_and_arrays_are_tensors(name):
    measure, score = MEASURED[name]
    first = measure(3, X)
    if name != "embedding_geometry" and name != "principal_spectrum":  # numpy draws there: the number is its seed
        assert_same(first, measure(torch.Generator().manual_seed(3), X))
    assert_same(first, measure(3, X.numpy()))
    assert any(not np.array_equal(a, b) for a, b in zip(numbers(first), numbers(measure(4, X)), strict=True))
    assert_same(measure(0, X), measure(0, X))
    if score:
        estimate = getattr(first, score)
        assert isinstance(estimate, Estimate) and estimate.low < estimate < estimate.high and estimate.n


def numbers(found):
    scalars = [np.asarray(float(part)) for part in found if isinstance(part, Estimate)]
    return scalars + [np.asarray(leaf) for leaf in leaves(found)]


def assert_same(one, other):
    for a, b in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gaussians_may_be_arrays():
    pair = [(end.numpy(), STD.numpy()) for end in (A, B)]
    found = geo.interpolate(PLAIN, *pair, metric="fisher-rao", steps=5)
    assert all(isinstance(leaf, np.ndarray) for leaf in leaves(found)) and found.std is not None
    single = geo.interpolate(PLAIN, (A[0], STD[0]), (B[0], STD[0]), metric="fisher-rao", steps=5)
    np.testing.assert_allclose(found.z[0], single.z, rtol=1e-12)


def test_a_model_that_states_a_std_stays_in_double_precision():
    class Stating:
        latent_shape, prior, torch_tensors = (4,), None, (WEIGHTS,)

        def decode(self, z):
            return z @ WEIGHTS.T

        def decode_std(self, z):
            return (z @ WEIGHTS.T).exp()

    found = geo.interpolate(Stating(), A, B, metric="pullback", steps=5)
    assert found.x.dtype == found.lengths["pullback"].dtype == torch.float64
