"""Scores of β-VAEs: of causal units that are known, and of none."""

import torch

from latentassay import from_torch
from latentassay.papers.responses.scales import SCALES
from latentassay.papers.responses.scores import (
    ALIVE,
    CDS,
    CDS_AUTHORS,
    CDS_VARIANTS,
    DCI,
    IRS,
    MIG,
    UNSCALED,
    score_network,
)
from latentassay.sampling import encode
from tests.papers.conftest import brightness_model, small_grid


def test_a_model_that_ignores_its_latents_has_no_causal_units():
    dead = from_torch(lambda x: x.flatten(1)[:, :3], lambda z: torch.zeros(len(z), 1, 16, 16), latent_shape=(3,))
    found = score_network(dead, small_grid(), SCALES["smoke"], 0)
    assert {found[name] for name in CDS_VARIANTS} == {0.0} and found[ALIVE] == 0
    assert all(0 <= found[name] <= 1 for name in (DCI, IRS, MIG))


def test_units_that_are_brightnesses_serve_one_factor_each():
    model = brightness_model()
    assert encode(model, small_grid()).mean.std(0).min() > 0.9
    found = score_network(model, small_grid(), SCALES["smoke"]._replace(groups=40), 0)
    assert found[ALIVE] == 2 and found[UNSCALED] > found[CDS] > 0.5 and found[CDS_AUTHORS] > found[CDS]
