"""Every mapping undoes itself, and facts of the data are those of all their rows."""

import pytest
import torch
from torch.testing import assert_close

from latentassay.assay.input_checks.mappings import mappings_for, read_facts
from latentassay.core.observations import as_observations


def images(low, high, channels=3):
    x = torch.rand(12, channels, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x[0, 0, 0, 0], x[0, 0, 0, 1] = 0, 1
    return low + (high - low) * x


@pytest.mark.parametrize("x", [images(0, 1), images(-1, 1), images(0, 255), images(-2, 2.5), images(0, 1).flatten(1)])
def test_every_mapping_is_undone_by_its_inverse(x):
    facts = read_facts(as_observations(x), torch.split(torch.arange(12), 5), "")
    mappings = mappings_for(facts, tuple(x.shape[1:]))
    assert mappings[0].name == "as given" and len({mapping.name for mapping in mappings}) == len(mappings) > 1
    for mapping in mappings:
        assert_close(mapping.back(mapping.there(x)), x, rtol=1e-9, atol=1e-9)
        assert mapping is mappings[0] or not torch.equal(mapping.there(x), x), mapping.name


def test_facts_far_from_zero_keep_their_digits():
    x = images(0, 1) + 1e6
    facts = read_facts(as_observations(x), torch.split(torch.arange(12), 5), "")
    assert_close(facts.std, x.std(0, correction=0), rtol=1e-4, atol=1e-6)
    assert (facts.low, facts.high, facts.outside, facts.dtype) == (1e6, 1e6 + 1, 1.0, "float64")
