import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.core.observations import as_observations
from latentassay.explore.contents import CODES, DRAWN, GRID, SAMPLES, collect
from latentassay.explore.walks import response_distance


@pytest.fixture(scope="module")
def found():
    model = la.models.build("vae-mlp", x_shape=(6,), latents=3, likelihood="squared", hidden=(16,))
    x = torch.randn(700, 6, generator=torch.Generator().manual_seed(0))
    la.fit(model, la.objectives.build("ae"), x, steps=200, seed=0)
    result = la.assay(model, x, questions=["units", "holes"], samples=64)
    return model, x, result, collect(model, as_observations(x), result, seed=0, budget=5.0)


def test_codes_are_those_of_rows_and_distances_theirs(found):
    model, _, result, made = found
    assert made.codes.shape == (CODES, 3) and made.drawn.shape == (DRAWN, 3) and made.samples.shape == (SAMPLES, 6)
    codes = la.sampling.encode(model, torch.from_numpy(made.samples)).mean
    assert np.allclose(codes.numpy(), made.sample_codes, atol=1e-5)
    again = response_distance(model, torch.from_numpy(made.codes), made.kept)
    assert np.allclose(again, made.distance, atol=1e-5)
    assert made.threshold == result["holes"].evidence.threshold


def test_the_map_is_the_plane_through_the_first_sample(found):
    model, _, _, made = found
    across, up = (made.sliders[unit] for unit in made.plane)
    z = torch.from_numpy(made.sample_codes[0]).clone()
    z[across.indices[0]], z[up.indices[0]] = across.high, up.low
    assert made.map.shape == (GRID, GRID)
    assert np.isclose(made.map[0, -1], response_distance(model, z[None], made.kept)[0], rtol=1e-4)


def test_values_reach_as_far_as_their_kind(found):
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    result = found[2]
    for low, high, reach in [(0.1, 0.9, (0, 1)), (-0.5, 1, (-1, 1)), (-4, 2, (-4, 2))]:
        x = torch.linspace(low, high, 80).view(40, 2)
        made = collect(model, as_observations(x), result, seed=0, budget=0.0)
        assert made.reach == pytest.approx(reach, abs=0.5) and made.walks == []
