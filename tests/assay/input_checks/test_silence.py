"""A mapping that wins by silencing a unit is no evidence of what a model was made for."""

import pytest
import torch

import latentassay as la
from latentassay.assay.input_checks.mappings import mappings_for, read_facts
from latentassay.assay.input_checks.ranges import value_range
from latentassay.assay.input_checks.silence import silences
from latentassay.core.observations import as_observations
from latentassay.truth.plants import plant


@pytest.mark.parametrize("seed", [8, 9, 13, 18])
def test_a_leak_that_a_turn_of_the_picture_hides_is_not_blamed_on_the_picture(seed):
    found = plant("leaking channel", 3, seed)
    checked = value_range(found.model, found.data)
    assert checked.best == "transposed" and checked.gain > 2
    assert checked.level == "unsure" and checked.expects == "as given"


@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_a_unit_is_silent_if_it_reads_what_the_mapping_takes_away(scale):
    """Pictures whose rows vary, at two widths, and whose columns hardly do."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 1, 4, 1, generator=generator).expand(64, 1, 4, 4) * scale
    x = x + 0.01 * torch.randn(64, 1, 4, 4, generator=generator)
    rows = (torch.arange(64),)
    data = as_observations(x)
    (turn,) = (m for m in mappings_for(read_facts(data, rows, ""), data.x_shape) if m.name == "transposed")

    down = torch.tensor([1.0, -1.0, 0.0, 0.0]).repeat_interleave(4)[:, None]
    flat = torch.ones(16, 1)
    assert silences(_model(torch.cat([down, flat], 1)), data, rows, turn)
    assert not silences(_model(flat), data, rows, turn)


def _model(weights):
    return la.from_torch(lambda x: x.flatten(1) @ weights, lambda z: z, latent_shape=(weights.shape[1],))
