"""Plain functions that compute in float64, which no parameter says, work in float64 in every public reader."""

import functools
import inspect
import math

import numpy as np
import pytest
import torch

import latentassay as la

W = torch.linalg.qr(torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)).Q
Z = torch.randn(200, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
X = Z @ W.T
KERNEL = torch.eye(2, dtype=torch.float64)[:, :, None, None] + 0.1
SPATIAL = torch.randn(40, 2, 6, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
CODES = np.stack([np.arange(200) % 4, np.arange(200) // 4 % 5], 1)


class Linear:
    """Weights as attributes of an object that is called."""

    def __init__(self, weights):
        self.weights = weights

    def __call__(self, values):
        return torch.nn.functional.linear(values, self.weights)


def scale(values, weights):
    return values @ weights


def module_functions():
    held = {"in": W, "out": W.T.contiguous()}
    return {
        "global": (lambda x: x @ W, lambda z: z @ W.T),
        "partial": (functools.partial(scale, weights=W), functools.partial(scale, weights=W.T)),
        "object": (Linear(W.T), Linear(W)),
        "dictionary": (lambda x: x @ held["in"], lambda z: z @ held["out"]),
        "hidden": (lambda x: x @ torch.from_numpy(W.numpy()), lambda z: z @ torch.from_numpy(W.T.numpy())),
        "function in a function": (lambda x: scale(x, W), lambda z: scale(z, W.T)),
    }


MODELS = {
    name: la.from_torch(encode, decode, latent_shape=(4,), prior="normal")
    for name, (encode, decode) in module_functions().items()
}
MODEL = MODELS["global"]
NOISY = la.from_torch(
    lambda x: (x @ W, torch.full((len(x), 4), 0.1, dtype=torch.float64)),
    lambda z: z @ W.T,
    latent_shape=(4,),
    prior="normal",
    output="mean_std",
)
IMAGES = la.from_torch(
    lambda x: torch.nn.functional.conv2d(x, KERNEL),
    lambda z: torch.nn.functional.conv2d(z, torch.linalg.inv(KERNEL[:, :, 0, 0])[:, :, None, None]),
    latent_shape=(2, 6, 6),
    prior="normal",
)


class Chain:
    """Causes that are the noises, with weights that are plain attributes."""

    latent_shape, prior = (4,), None

    def __init__(self):
        self.weights = W

    def encode(self, x):
        return la.Point(x @ self.weights)

    def decode(self, z):
        return z @ self.weights.T

    def causes(self, z, given=None):
        return z[..., None]

    def decode_causes(self, causes):
        return self.decode(causes[..., 0])

    def adjacency(self):
        return torch.zeros(4, 4)


def factored(x):
    return la.data.FactorData(x.numpy(), CODES, ("a", "b"), (4, 5))


def field(z):
    return la.response_field(MODEL, (0, 1), base=z[0], n=5, exact=True)


READERS = {
    "assay": lambda z, x: la.assay(MODEL, x, samples=64, budget=5),
    "causal_completeness": lambda z, x: la.causal_completeness(
        la.conditioned_response_matrix(MODEL, factored(x), groups_per_factor=3)
    ),
    "causal_disentanglement": lambda z, x: la.causal_disentanglement(
        la.conditioned_response_matrix(NOISY, factored(x), groups_per_factor=3)
    ),
    "causal_units": lambda z, x: la.causal_units(la.response_matrix(MODEL, z)),
    "check_autoencoder": lambda z, x: la.check_autoencoder(MODEL, x),
    "chunk_hybrids": lambda z, x: la.chunk_hybrids(MODEL, z, chunks=2, n=3),
    "conditioned_response_matrix": lambda z, x: la.conditioned_response_matrix(
        MODEL, factored(x), groups_per_factor=3, budget=5
    ),
    "distance_to_orthogonality": lambda z, x: la.distance_to_orthogonality(NOISY, x, points=9),
    "divergence": lambda z, x: la.divergence(field(z)),
    "equivariance": lambda z, x: la.equivariance(Chain(), z, values=3),
    "fidelity": lambda z, x: la.fidelity(MODEL, x, n=50, extractor=lambda x: x, cross_entropy=False, resamples=2),
    "find_holes": lambda z, x: la.find_holes(MODEL, x, n=64, neighbours=3, steps=2),
    "fisher_rao_distance": lambda z, x: la.fisher_rao_distance((z, z.abs() + 1), (z + 1, z.abs() + 2)),
    "fisher_rao_geodesic": lambda z, x: la.fisher_rao_geodesic((z[:2], z[:2].abs() + 1), (z[2:4], z[2:4].abs() + 2)),
    "hierarchy": lambda z, x: la.hierarchy(MODEL, z),
    "interpolate": lambda z, x: [
        la.interpolate(MODEL, z[0], z[1], metric=metric, codes=z[:50], steps=4, **options)
        for metric, options in {
            "euclidean": {},
            "spherical": {},
            "density": {"iterations": 3},
            "pullback": {"iterations": 3},
            "response": {},
        }.items()
    ],
    "invariance": lambda z, x: la.invariance(MODEL, z, values=3, donors=z[:5]),
    "latent_spectrum": lambda z, x: la.latent_spectrum(IMAGES, spatial(z)),
    "linear_separability": lambda z, x: la.linear_separability(NOISY, factored(x), factored(x)),
    "log_likelihood": lambda z, x: la.log_likelihood(NOISY, x[:5], samples=20, likelihood="gaussian"),
    "manifold_path": lambda z, x: la.manifold_path(
        MODEL, z[0], z[1], latents=(0, 1), through=z[:30], n=9, extent=(-9, 9), steps=5
    ),
    "mean_curvature": lambda z, x: la.mean_curvature(field(z)),
    "respond": lambda z, x: la.respond(NOISY, z, steps=2, sample=True),
    "response_divergence": lambda z, x: la.response_divergence(MODEL, z[:5], probes=3),
    "response_field": lambda z, x: la.response_field(MODEL, (0, 1), n=5),
    "response_graph": lambda z, x: la.response_graph(la.response_matrix(MODEL, z)),
    "response_jacobian": lambda z, x: la.response_jacobian(MODEL, z[:5]),
    "response_matrix": lambda z, x: la.response_matrix(MODEL, z, precision=0.2, budget=5),
    "score": lambda z, x: la.score(la.sampling.encode(MODEL, x).mean, CODES, metrics=["mig", "sap"]),
    "self_consistency": lambda z, x: la.self_consistency(MODEL, z, steps=2),
    "spatial_equivariance": lambda z, x: la.spatial_equivariance(IMAGES, spatial(z)),
    "spatial_response_kernel": lambda z, x: la.spatial_response_kernel(IMAGES, spatial(z), radius=1),
    "structure_score": lambda z, x: [la.structure_score(NOISY, n=50), la.structure_score(MODEL, base=z[:50])],
    "traversals": lambda z, x: la.traversals(MODEL, z, steps=3),
    "sampling.encode": lambda z, x: la.sampling.encode(NOISY, x, generator=0),
    "sampling.decode": lambda z, x: la.sampling.decode(MODEL, z),
    "sampling.draw": lambda z, x: [
        la.sampling.draw(MODEL, x, 9, how=how) for how in ("prior", "posterior", "hybrid", "uniform")
    ],
    "sampling.hybrid": lambda z, x: la.sampling.hybrid(z, 9, base=la.sampling.central(z), units=[0, 1]),
    "sampling.uniform": lambda z, x: la.sampling.uniform(z, 9),
    "geometry.pullback_geodesic": lambda z, x: la.geometry.pullback_geodesic(MODEL.decode, z[:2], z[2:4], iterations=3),
    "geometry.decoder_jacobian": lambda z, x: la.geometry.decoder_jacobian(MODEL.decode, z[:5]),
    "geometry.density_geodesic": lambda z, x: la.geometry.density_geodesic(z, z[:2], z[2:4], iterations=3),
    "geometry.pca_alignment": lambda z, x: la.geometry.pca_alignment(NOISY, x, points=5),
    "geometry.nonlinear_eigenfaces": lambda z, x: la.geometry.nonlinear_eigenfaces(NOISY, x, units=2, rows=20),
    "geometry.principal_spectrum": lambda z, x: la.geometry.principal_spectrum(z),
    "geometry.volume_element": lambda z, x: la.geometry.volume_element(MODEL.decode, z[:6].view(2, 3, 4)),
    "spatial.channel_effects": lambda z, x: la.spatial.channel_effects(IMAGES, spatial(z)),
    "spatial.channel_correlations": lambda z, x: la.spatial.channel_correlations(spatial(z)),
    "spatial.place_effects": lambda z, x: la.spatial.place_effects(IMAGES, spatial(z)),
    "spatial.activity_maps": lambda z, x: la.spatial.activity_maps(la.sampling.encode(IMAGES, spatial(z))),
}
NO_READERS = {"explore", "extrapolate", "fit", "load_run", "perturb", "suggest_beta", "uniform_noise", "wrap"}
"""Functions that train a model, open one, make data, or write a page."""


def spatial(z):
    return SPATIAL.to(z.dtype)


def numbers(found):
    """Every floating-point array and number in a result."""
    if isinstance(found, torch.Tensor | np.ndarray | float):
        return [torch.as_tensor(found)] if torch.as_tensor(found).is_floating_point() else []
    if isinstance(found, dict):
        return numbers(tuple(found.values()))
    return [part for each in found for part in numbers(each)] if isinstance(found, tuple | list) else []


def test_every_public_reader_is_tried():
    functions = {name for name in la.__all__ if inspect.isfunction(getattr(la, name))}
    assert functions - {name for name in functions if name.startswith("from_")} - NO_READERS <= set(READERS)


@pytest.mark.filterwarnings("ignore::latentassay.metrics.quality.samples.FewRowsWarning")
@pytest.mark.filterwarnings("ignore::latentassay.evaluation.likelihood.FewEffectiveSamplesWarning")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("name", READERS)
def test_readers_answer_with_numbers(name, dtype):
    found = READERS[name](Z.to(dtype), X.to(dtype))
    assert found is not None and not any(torch.isnan(part).any() for part in numbers(found))


@pytest.mark.parametrize("name", MODELS)
def test_responses_are_as_exact_as_float64_is(name):
    model = MODELS[name]
    torch.testing.assert_close(la.respond(model, Z), Z, rtol=0, atol=1e-13)
    found = la.response_matrix(model, Z)
    torch.testing.assert_close(found.normalized.diagonal(), torch.ones(4).double(), rtol=0.1, atol=0)
    off = found.normalized[~torch.eye(4, dtype=torch.bool)]
    assert off.abs().max() < 1e-13
    assert la.sampling.encode(model, X).mean.dtype == torch.float64
    torch.testing.assert_close(la.sampling.decode(model, Z), X, rtol=0, atol=1e-13)
    torch.testing.assert_close(la.response_jacobian(model, Z[:3]), torch.eye(4).double().expand(3, 4, 4))


@pytest.mark.parametrize("name", MODELS)
def test_single_precision_data_and_latents_are_taken(name):
    model = MODELS[name]
    torch.testing.assert_close(la.respond(model, Z.float()), Z.float(), rtol=0, atol=1e-6)
    torch.testing.assert_close(la.sampling.encode(model, X.float()).mean.double(), Z, rtol=0, atol=1e-5)
    assert "prior" in la.check_autoencoder(model, X.float())


def test_functions_of_any_type_compute_in_that_of_what_they_get():
    third = la.from_torch(lambda x: x / 3, lambda z: 3 * z, latent_shape=(4,), prior="normal")
    torch.testing.assert_close(la.respond(third, Z), Z, rtol=0, atol=1e-15)
    assert la.sampling.encode(third, Z).mean.dtype == torch.float64
    assert la.sampling.encode(third, Z.float()).mean.dtype == la.sampling.prior(third, 3).dtype == torch.float32


def test_single_precision_weights_take_double_data():
    weights = W.float()
    model = la.from_torch(lambda x: x @ weights, lambda z: z @ weights.T, latent_shape=(4,), prior="normal")
    torch.testing.assert_close(la.respond(model, Z), Z, rtol=0, atol=1e-5)
    assert la.sampling.encode(model, X).mean.dtype == torch.float32


def test_a_perfect_model_has_structure_zero_in_double_precision_too():
    found = la.structure_score(MODEL, n=100)
    # 100 samples leave it open whether one in a few thousand lies elsewhere.
    assert (found.score, found.score.low, found.p_value) == (0, 0, 1) and found.score.high < 0.005


def test_likelihood_of_double_precision_is_that_of_the_density():
    """x = W z + noise of variance 1 with z ~ N(0, I): 4 directions of variance 2, 5 of variance 1."""
    expected = -0.5 * (9 * math.log(2 * math.pi) + 4 * math.log(2) + float(X[:9].square().sum(1).mean()) / 2)
    exact = la.from_torch(
        lambda x: (x @ W / 2, torch.full((len(x), 4), 0.5**0.5, dtype=torch.float64)),
        lambda z: z @ W.T,
        latent_shape=(4,),
        prior="normal",
        output="mean_std",
    )
    found = la.log_likelihood(exact, X[:9], samples=12, likelihood="gaussian")
    assert found.value == pytest.approx(expected, abs=1e-9) and found.sampling_stderr < 1e-9
