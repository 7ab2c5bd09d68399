"""Independence of units: the estimate pair by pair, and a test whose p-values are what they say."""

import importlib

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics import independence as measure
from latentassay.metrics.disentanglement.splits import standardise
from latentassay.stats.mmd import SCALES
from tests.oracles import consistency as oracle

MODULE = importlib.import_module("latentassay.metrics.disentanglement.independence")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed=0):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def dependent(n, seed=0):
    """Uncorrelated, and yet one follows the other."""
    z = normals(n, 3, seed)
    z[:, 1] = z[:, 0].square() + 0.3 * z[:, 1]
    return z


def shuffled(z, groups, generator):
    return torch.cat([z[torch.randperm(len(z), generator=generator)][:, group] for group in groups], 1)


@pytest.mark.parametrize("groups", [[[0], [1], [2]], [[2, 0], [1]]], ids=str)
def test_equals_the_double_loops_on_the_same_draws(groups):
    z = dependent(9) * torch.tensor([1.0, 100.0, 0.01])
    found = measure(z, generator=seeded(), units=groups, permutations=3)
    scaled, generator = torch.from_numpy(standardise(z.numpy())), seeded()
    order = [latent for group in groups for latent in group]
    y = shuffled(scaled, groups, generator)
    rows = scaled[torch.randperm(9, generator=generator)][:, order]
    others = [shuffled(scaled, groups, generator) for _ in range(3)]
    expected = oracle.independence(rows, y, others, [2 * 3 * s for s in SCALES])
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.n == 9 and "3 permutations" in found.variant


def test_p_values_are_uniform_and_values_centred_where_units_are_independent():
    """100 samples of independent latents far from normal, by turns with a unit of two and with a pool."""
    found = []
    for seed in range(100):
        z = normals(60, 3, seed).exp()
        options = {"units": [[0, 1], [2]]} if seed % 2 else {"pool": 20}
        found.append(measure(z, generator=seeded(seed), permutations=19, **options))
    p = np.array([one.p_value for one in found])
    assert 0 <= (p <= 0.05).sum() <= 11 and 3 <= (p <= 0.1).sum() <= 19 and 38 <= (p <= 0.5).sum() <= 63
    values = np.array([one.value for one in found])
    assert abs(values.mean()) < 3 * values.std() / 10
    above = np.mean([one.value > one.null_quantile for one in found])
    assert above <= 0.12


@pytest.mark.parametrize("options", [{}, {"pool": 40}])
def test_dependence_is_found_though_there_is_no_correlation(options):
    z = dependent(200)
    found = measure(z, generator=seeded(), permutations=99, **options)
    assert found.p_value == 0.01 and found.value > 3 * found.null_quantile > 0
    apart = measure(z, generator=seeded(), units=[[0, 1], [2]], permutations=99, **options)
    assert apart.p_value > 0.02 and abs(apart.value) < found.value / 5


def test_correlated_latents_in_subsets(monkeypatch):
    monkeypatch.setattr(MODULE, "SUBSET", 100)
    z = normals(350, 4) + normals(350, 1, 1)
    z = z[z[:, 0].argsort()]  # as sorted rows are dealt into subsets, order does not matter
    found = measure(z, generator=seeded(), permutations=99)
    assert found.p_value == 0.01 and "subsets of about 100" in found.variant
    assert measure(normals(350, 4), generator=seeded(), permutations=99).p_value > 0.05
    monkeypatch.setattr(MODULE, "SUBSET", 500)
    whole = measure(z, generator=seeded(), permutations=99)
    assert whole.value == pytest.approx(found.value, rel=0.3) and "subsets" not in whole.variant


def test_scale_order_and_dead_latents_do_not_matter():
    z = dependent(40)
    plain = measure(z, generator=seeded(), permutations=20)
    for again in (z * torch.tensor([-3.0, 1e6, 1e-6]) + 7, torch.cat([z, torch.full((40, 1), 0.1)], 1)):
        other = measure(again, generator=seeded(), permutations=20)
        assert other.value == pytest.approx(plain.value, rel=1e-6) and other.p_value == plain.p_value
    for same in (z.numpy(), z.clone().requires_grad_()):
        assert measure(same, generator=seeded(), permutations=20) == plain
    assert measure(z, generator=seeded(1), permutations=20) != plain


def test_where_less_than_two_units_vary_there_is_nothing_to_depend_on():
    z = torch.zeros(20, 3)
    z[:, 0] = torch.arange(20)
    found = measure(z, generator=seeded())
    assert found[:3] == (0.0, 1.0, 0.0) and "fewer than two units vary" in found.variant
    ties = measure((normals(20, 2) > 0).double(), generator=seeded(), permutations=20)
    assert 0 < ties.p_value <= 1 and np.isfinite(ties.value)


def test_nothing_is_left_changed():
    z = dependent(20)
    before, random_state = z.clone(), torch.get_rng_state()
    measure(z, generator=seeded(), permutations=5)
    assert torch.equal(z, before) and torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.parametrize(
    ("z", "options", "match"),
    [
        (normals(3, 2), {}, "4 rows and 2 units, got 3 and 2"),
        (normals(9, 1), {}, r"2 latents, got \(9, 1\)"),
        (normals(9, 2)[:, 0], {}, "shape"),
        (normals(9, 2).view(3, 3, 2), {}, "shape"),
        (normals(9, 2) * np.nan, {}, "NaN"),
        (normals(9, 2), {"units": [[0, 1]]}, "2 units, got 9 and 1"),
        (normals(9, 2), {"units": [[0], [2]]}, "0..1"),
        (normals(9, 2), {"permutations": 0}, "permutations must be at least 1"),
        (normals(9, 2), {"pool": 1}, "pool at least 2"),
    ],
)
def test_bad_input_is_refused(z, options, match):
    with pytest.raises(la.InputError, match=match):
        measure(z, generator=seeded(), **options)
