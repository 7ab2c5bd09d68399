"""Quality of reconstructions and samples: errors against plain torch, distances against closed forms."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy

import latentassay as la
from latentassay.core.posteriors import StandardNormal
from latentassay.evaluation.fidelity import KINDS, fidelity, squared_errors
from latentassay.stats.intervals import Z95


def g(seed=0):
    return torch.Generator().manual_seed(seed)


def identity(d, **options):
    """An autoencoder whose codes are the observations."""
    return la.from_torch(lambda x: x, lambda z: z, latent_shape=(d,), **options)


def plain(x):
    return x.flatten(1)


def uniforms(n, d, seed=0):
    return torch.rand(n, d, generator=g(seed))


def same(n, seed=0):
    """Rows whose two values are equal: latents that depend on each other as much as can be."""
    return uniforms(n, 1, seed).expand(n, 2).contiguous()


def ask(model, data, **options):
    return fidelity(model, data, **{"generator": g(), "extractor": plain, "resamples": 0, **options})


# Reconstructions


@pytest.mark.parametrize("kind", ["vae-mlp", "ae-mlp"])
def test_errors_are_those_of_plain_torch(kind):
    model, x = la.models.build(kind, x_shape=(1, 4, 5), latents=3), torch.rand(37, 1, 4, 5, generator=g())
    found = ask(model, x, batch_size=8)
    with torch.no_grad():
        p = model.decode(model.encode(x).mean)
    bce = binary_cross_entropy(p.double(), x.double(), reduction="none").sum((1, 2, 3))
    mse = ((p - x).double() ** 2).mean((1, 2, 3))
    for mean, rows in ((found.bce, bce), (found.mse, mse)):
        assert mean == pytest.approx(float(rows.mean()), rel=1e-5)
        assert mean.high - mean == pytest.approx(Z95 * float(rows.std()) / 37**0.5, rel=1e-4)
    assert found.n == 37


def test_squared_errors_are_those_of_plain_torch_row_by_row():
    model, x = la.models.build("vae-mlp", x_shape=(1, 4, 5), latents=3), torch.rand(37, 1, 4, 5, generator=g())
    with torch.no_grad():
        by_hand = ((model.decode(model.encode(x).mean) - x) ** 2).mean((1, 2, 3))
    found = squared_errors(model, x, batch_size=8)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found.float(), by_hand)


def test_a_foreign_models_entropy_is_that_of_its_means():
    model, x = la.models.build("ae-mlp", x_shape=(6,), latents=3), uniforms(20, 6)
    foreign = la.from_torch(lambda x: model.encode(x).mean, model.decode, latent_shape=(3,))
    assert ask(foreign, x).bce == pytest.approx(ask(model, x).bce, rel=1e-5)


def test_sure_and_right_costs_nothing_and_sure_and_wrong_costs_much():
    x = uniforms(20, 3).round()
    right, wrong = identity(3), la.from_torch(lambda x: x, lambda z: 1 - z, latent_shape=(3,))
    assert ask(right, x).bce == pytest.approx(0, abs=1e-6)
    assert ask(wrong, x).bce == pytest.approx(3 * np.log(2**23), rel=1e-3)
    assert ask(wrong, x).mse == 1


def test_what_comes_back_whole_is_at_no_distance():
    found = ask(identity(4), uniforms(60, 4), kinds=("reconstruction", "posterior"), resamples=4)
    for distances in found.distances.values():
        assert distances.frechet.score == pytest.approx(0, abs=1e-12)
        assert (distances.frechet.score.low, distances.frechet.score.high) == pytest.approx((0, 0), abs=1e-12)
        assert distances.kernel.score == distances.kernel.score.stderr == 0


def test_a_shift_is_measured_whole():
    model = la.from_torch(lambda x: x, lambda z: z + 3, latent_shape=(4,))
    found = ask(model, 5 * uniforms(100, 4), kinds=("reconstruction",), cross_entropy=False)
    assert found.distances["reconstruction"].frechet.score == pytest.approx(4 * 9)
    assert found.mse == pytest.approx(9) and found.bce is None


def test_only_unseen_rows_in_the_number_asked_for_are_compared():
    seen = []
    model = la.from_torch(lambda x: seen.append(x) or x, lambda z: z, latent_shape=(1,))
    data = torch.linspace(0, 1, 50)[:, None]
    found = ask(model, data, n=20, kinds=("reconstruction",))
    rows = torch.cat(seen).flatten()
    assert (
        found.n == 20 and len(rows) == 20 == len(set(rows.tolist())) and set(rows.tolist()) <= set(data[:, 0].tolist())
    )
    assert ask(model, data, n=20, generator=g(1), kinds=("reconstruction",)).mse.high is not None


# Samples


def test_hybrids_of_dependent_latents_are_worse_by_what_is_known():
    """Σ is v [[1, 1], [1, 1]] of the data and v [[1, 0], [0, 1]] of hybrids, so that the distance is (4 − 2√2) v."""
    found = ask(identity(2), same(8000), n=3000, stored=same(8000, 1), kinds=("posterior", "hybrid"))
    spread = 1 / 12
    hybrid = found.distances["hybrid"]
    assert hybrid.frechet.score == pytest.approx((4 - 8**0.5) * spread, rel=0.15)
    assert found.distances["posterior"].frechet.score < 1e-9
    assert hybrid.kernel.score.low > 0


def test_units_are_drawn_whole_and_models_may_name_them():
    whole = ask(identity(2), same(8000), n=3000, units=[[0, 1]], kinds=("hybrid",))
    assert whole.distances["hybrid"].frechet.score < 0.01
    named = identity(2)
    named.variables = ((0, 1),)
    assert ask(named, same(8000), n=3000, kinds=("hybrid",)).distances == whole.distances
    assert "1 units" in whole.variant


def test_hybrids_are_made_of_what_is_stored():
    far = 0.5 * uniforms(500, 2, 3) + 0.5
    found = ask(identity(2), 0.5 * uniforms(500, 2), stored=far, kinds=("hybrid",)).distances["hybrid"].frechet
    assert found.mean_term == pytest.approx(2 * 0.25, rel=0.1)


def test_hybrids_come_from_rows_that_are_not_compared_with_where_there_are_as_many():
    data = torch.linspace(0, 1, 200)[:, None]
    decoded, encoded = [], []
    model = la.from_torch(
        lambda x: encoded.append(x.clone()) or x, lambda z: decoded.append(z.clone()) or z, latent_shape=(1,)
    )
    ask(model, data, n=60, kinds=("hybrid",))
    compared, hybrids = encoded[0][:, 0].tolist(), decoded[-1][:, 0].tolist()
    assert not set(compared) & set(hybrids) and len(set(hybrids)) <= 128


def test_priors_are_the_models_or_the_callers_or_left_out():
    x = 1 + torch.randn(3000, 3, generator=g())
    none = ask(identity(3), x, cross_entropy=False)
    assert none.left_out == {"prior": "the model has none"} and set(none.distances) == {"reconstruction", "hybrid"}
    own = ask(identity(3, prior="normal"), x, cross_entropy=False)
    for prior in ("normal", StandardNormal((3,))):
        given = ask(identity(3), x, prior=prior, cross_entropy=False)
        assert given.distances["prior"] == own.distances["prior"] and not given.left_out
    assert own.distances["prior"].frechet.score == pytest.approx(3, rel=0.1)  # ‖1 − 0‖² over three values


def test_other_real_rows_say_what_chance_does():
    found = ask(identity(3), uniforms(2000, 3), n=1000, kinds=("real", "reconstruction"))
    real = found.distances["real"]
    assert 0 < real.frechet.score < 0.01 and abs(real.kernel.score) < 3 * real.kernel.noise
    few = ask(identity(3), uniforms(20, 3), n=11, kinds=("real",))
    assert few.left_out == {"real": "it needs 22 rows, the data have 20"} and few.distances == {}


def test_uniform_samples_reach_as_far_as_the_codes():
    made = []
    model = la.from_torch(lambda x: x, lambda z: made.append(z.clone()) or z, latent_shape=(2,))
    ask(model, same(400), kinds=("uniform",), batch_size=400)
    assert 0 <= made[1].min() < 0.05 and 0.95 < made[1].max() <= 1
    assert abs(np.corrcoef(made[1].T)[0, 1]) < 0.2


def test_kinds_do_not_depend_on_which_others_are_asked_for():
    model = identity(3, prior="normal")
    together = ask(model, uniforms(300, 3), n=100, kinds=KINDS, resamples=3)
    assert set(together.distances) == set(KINDS)
    for kind in KINDS:
        alone = ask(model, uniforms(300, 3), n=100, kinds=(kind,), resamples=3)
        assert alone.distances == {kind: together.distances[kind]}


# What passes, and what is left alone


def test_real_features_are_computed_once_and_all_passes_in_batches():
    sizes = {"encode": [], "decode": [], "features": []}

    def watching(name, f):
        def run(x):
            sizes[name].append(len(x))
            return f(x)

        return run

    model = la.from_torch(watching("encode", lambda x: x), watching("decode", lambda z: z), latent_shape=(2,))
    ask(model, uniforms(400, 2), n=50, extractor=watching("features", plain), prior="normal", batch_size=16)
    assert max(map(max, sizes.values())) <= 16
    assert sum(sizes["features"]) == 4 * 50  # real, reconstruction, prior, hybrid
    assert (sum(sizes["encode"]), sum(sizes["decode"])) == (50 + 128, 3 * 50)


def test_decodings_are_clipped_before_features_and_not_before_errors():
    model = la.from_torch(lambda x: x, lambda z: 4 * z - 2, latent_shape=(3,))
    seen = []
    found = ask(model, uniforms(100, 3), extractor=lambda x: seen.append(x) or x, kinds=("reconstruction", "hybrid"))
    assert all(x.min() >= 0 and x.max() <= 1 for x in seen)
    expected = float((4 * uniforms(100, 3) - 2 - uniforms(100, 3)).square().mean())
    assert found.mse == pytest.approx(expected, rel=1e-5)


def test_without_an_extractor_errors_alone_are_measured():
    found = ask(identity(2), uniforms(30, 2), extractor=None)
    assert found.distances == {} and found.features == "none" and found.bce is not None


def test_modules_and_random_state_are_left_alone():
    model, extractor = la.models.build("vae-conv-small", x_shape=(1, 32, 32), latents=2), nn.AvgPool2d(16)
    model.train()
    before, x = torch.get_rng_state(), torch.rand(40, 1, 32, 32, generator=g())
    found = ask(model, x, extractor=nn.Sequential(extractor, nn.Flatten()), n=12, kinds=KINDS, resamples=2)
    assert model.training and extractor.training and found.features == "Sequential"
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (uniforms(9, 2) + 0.5, {}, r"must lie in \[0, 1\] for a cross entropy, got values from .*cross_entropy=False"),
        (uniforms(9, 2) - 0.5, {}, r"must lie in \[0, 1\]"),
        (uniforms(9, 2), {"kinds": ("fake",)}, r"kinds must be some of .* got \['fake'\]"),
        (uniforms(9, 2), {"kinds": "prior"}, "kinds must be some of .* got prior"),
        (uniforms(9, 2), {"n": 3}, "n must be an integer from 4 on, got 3"),
        (uniforms(9, 2), {"batch_size": 0}, "batch_size must be an integer from 1 on"),
        (uniforms(9, 2), {"prior": "uniform"}, "prior must be 'normal'"),
        (uniforms(9, 2), {"units": [[5]]}, "unit indices must lie in"),
        (uniforms(9, 2), {"extractor": "inception"}, "no extractor is called 'inception'"),
        (uniforms(3, 2), {"kinds": ("reconstruction",)}, "at least 4 rows"),
    ],
)
def test_what_is_refused(data, options, words):
    with pytest.raises(la.InputError, match=words):
        ask(identity(2), data, **options)


def test_what_is_no_autoencoder_is_refused():
    with pytest.raises(la.ContractError, match="lacks encode, decode, latent_shape"):
        ask(nn.Linear(2, 2), uniforms(9, 2))


def test_decodings_that_are_not_finite_are_refused():
    model = la.from_torch(lambda x: x, lambda z: z / 0, latent_shape=(2,))
    with pytest.raises(la.InputError, match="decodings"):
        ask(model, uniforms(9, 2))
