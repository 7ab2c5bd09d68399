"""Arrays of numpy or torch go into every reader of latents, and come back as they went in; a seed is a generator."""

import numpy as np
import pytest
import torch

import latentassay as la

W = torch.linalg.qr(torch.randn(9, 4, generator=torch.Generator().manual_seed(0))).Q
Z = torch.randn(64, 4, generator=torch.Generator().manual_seed(1))
X = Z @ W.T
MODEL = la.from_torch(
    lambda x: (x @ W, torch.full((len(x), 4), 0.1)),
    lambda z: torch.tanh(z @ W.T),
    latent_shape=(4,),
    prior="normal",
    output="mean_std",
)


class Causal:
    latent_shape, prior, encode, decode = (4,), None, MODEL.encode, MODEL.decode

    def causes(self, z, given=None):
        return z[..., None]

    def decode_causes(self, causes):
        return self.decode(causes[..., 0])

    def adjacency(self):
        return torch.zeros(4, 4)


LATENTS = {
    "respond": lambda z, g: la.respond(MODEL, z, sample=True, generator=g),
    "response_jacobian": lambda z, g: la.response_jacobian(MODEL, z),
    "decode": lambda z, g: la.sampling.decode(MODEL, z),
    "hybrid": lambda z, g: la.sampling.hybrid(z, 9, generator=g, base=z[0], units=[0, 1]),
    "uniform": lambda z, g: la.sampling.uniform(z, 9, generator=g, units=np.array([0, 2])),
    "central": lambda z, g: la.sampling.central(z),
    "response_matrix": lambda z, g: la.response_matrix(MODEL, z, generator=g, units=[0, 1]),
    "response_divergence": lambda z, g: la.response_divergence(MODEL, z, probes=4, generator=g),
    "response_field": lambda z, g: la.response_field(MODEL, (0, 1), base=z[0], n=4, exact=True),
    "divergence": lambda z, g: la.divergence(la.response_field(MODEL, (0, 1), base=z[:2], n=4)),
    "divergence, exact": lambda z, g: la.divergence(la.response_field(MODEL, (0, 1), base=z[:2], n=4, exact=True)),
    "mean_curvature": lambda z, g: la.mean_curvature(la.response_field(MODEL, (0, 1), base=z[0], n=4)),
    "mean_curvature, exact": lambda z, g: la.mean_curvature(
        la.response_field(MODEL, (0, 1), base=z[0], n=4, exact=True)
    ),
    "invariance": lambda z, g: la.invariance(MODEL, z, values=3, donors=z[:9], generator=g, units=[0, 1]),
    "self_consistency": lambda z, g: la.self_consistency(MODEL, z, units=[0, 1]),
    "equivariance": lambda z, g: la.equivariance(Causal(), z, values=2, donors=z[:9], generator=g),
    "hierarchy": lambda z, g: la.hierarchy(MODEL, z, generator=g, units=[0, 1]),
    "traversals": lambda z, g: la.traversals(MODEL, z, steps=3, base=z[1], units=[0, 1]),
    "chunk_hybrids": lambda z, g: la.chunk_hybrids(MODEL, z, n=3, chunks=2, base=z[1], generator=g),
    "manifold_path": lambda z, g: la.manifold_path(
        MODEL, z[0], z[1], latents=(0, 1), through=z[:20], n=9, extent=(-9, 9), steps=5
    ),
}
WITHOUT_CHANCE = {"response_jacobian", "decode", "central", "response_field", "manifold_path", "traversals"} | {
    "divergence",
    "divergence, exact",
    "mean_curvature",
    "mean_curvature, exact",
    "self_consistency",
}
DATA = {
    "encode": lambda x, g: la.sampling.encode(MODEL, x, generator=g).sample,
    "posterior": lambda x, g: la.sampling.posterior(MODEL, x, 9, generator=g),
    "prior": lambda x, g: la.sampling.prior(MODEL, 9, generator=g),
    "draw": lambda x, g: la.sampling.draw(MODEL, x, 9, how="hybrid", generator=g),
    "find_holes": lambda x, g: la.find_holes(MODEL, x, n=32, generator=g),
    "structure_score": lambda x, g: la.structure_score(MODEL, n=32, generator=g),
    "log_likelihood": lambda x, g: la.log_likelihood(MODEL, x, samples=64, likelihood="gaussian", generator=g),
    "fidelity": lambda x, g: la.fidelity(
        MODEL, x, n=30, extractor=lambda x: x[:, :2], cross_entropy=False, resamples=2, generator=g
    ),
    "linear_separability": lambda x, g: la.linear_separability(
        MODEL, x, x, labels=(np.arange(64) % 2, torch.arange(64) % 2), generator=g
    ),
    "conditioned_response_matrix": lambda x, g: la.conditioned_response_matrix(
        MODEL,
        la.data.FactorData(np.asarray(x), np.stack([np.arange(64) % 4, np.arange(64) // 4 % 4], 1), ("a", "b")),
        generator=g,
    ),
}


def leaves(found):
    if isinstance(found, torch.Tensor | np.ndarray | float | int | str):
        return [found]
    parts = found.values() if isinstance(found, dict) else found if isinstance(found, tuple | list) else ()
    return [leaf for part in parts for leaf in leaves(part)]


def same(one, other):
    ours, theirs = leaves(one), leaves(other)
    return len(ours) == len(theirs) and all(
        np.array_equal(np.asarray(a), np.asarray(b), equal_nan=not isinstance(a, str))
        for a, b in zip(ours, theirs, strict=True)
    )


def arrays_in(found):
    return [leaf for leaf in leaves(found) if isinstance(leaf, torch.Tensor | np.ndarray)]


@pytest.mark.parametrize("name", LATENTS)
def test_what_comes_back_has_the_kind_that_went_in(name):
    before = Z.numpy().copy()
    given = before.copy()
    given.flags.writeable = False
    ours, theirs = LATENTS[name](given, 3), LATENTS[name](Z, 3)
    assert arrays_in(ours) and all(isinstance(part, np.ndarray) for part in arrays_in(ours))
    assert all(isinstance(part, torch.Tensor) for part in arrays_in(theirs))
    assert same(ours, theirs)
    assert np.array_equal(given, before) and np.array_equal(Z.numpy(), before)


@pytest.mark.filterwarnings("ignore::latentassay.metrics.quality.samples.FewRowsWarning")
@pytest.mark.filterwarnings("ignore::latentassay.evaluation.likelihood.FewEffectiveSamplesWarning")
@pytest.mark.parametrize("name", DATA)
def test_data_may_be_arrays(name):
    assert same(DATA[name](X.numpy(), 3), DATA[name](X, 3))


@pytest.mark.filterwarnings("ignore::latentassay.metrics.quality.samples.FewRowsWarning")
@pytest.mark.filterwarnings("ignore::latentassay.evaluation.likelihood.FewEffectiveSamplesWarning")
@pytest.mark.parametrize("name", [*LATENTS, *DATA])
def test_a_seed_is_a_generator(name):
    ask = (LATENTS | DATA)[name]
    values = Z if name in LATENTS else X
    seeded = [ask(values, seed) for seed in (3, torch.Generator().manual_seed(3), 4)]
    assert same(seeded[0], seeded[1])
    assert (name in WITHOUT_CHANCE) == same(seeded[0], seeded[2])


def test_records_with_arrays_are_read_like_those_with_tensors():
    ours, theirs = (la.response_matrix(MODEL, z, generator=0) for z in (Z.numpy(), Z))
    assert la.causal_units(ours) == la.causal_units(theirs) and la.response_graph(ours) == la.response_graph(theirs)
    assert la.causal_units(ours, raw=True) == la.causal_units(theirs, raw=True)


def test_factors_may_be_one_column():
    class Labelled:
        x_shape, factor_names, factor_sizes = (9,), ("a",), (2,)
        factors = np.arange(64) % 2

        def __len__(self):
            return 64

        def batch(self, indices):
            return X[torch.as_tensor(indices)]

    found = la.linear_separability(MODEL, Labelled(), Labelled())
    assert found == la.linear_separability(MODEL, X, X, labels=(np.arange(64) % 2, np.arange(64) % 2))
    with pytest.raises(la.InputError, match="at least two factors, the data have 1"):
        la.conditioned_response_matrix(MODEL, Labelled())
