"""A description may not take more memory than the weights beside it hold."""

import pytest
import torch
from torch import nn

from latentassay.core.errors import InputError
from latentassay.core.networks import check_network


def test_a_network_that_fits_its_weights_passes_and_leaves_random_numbers_alone():
    state = torch.get_rng_state()
    check_network(lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), most=3 * 4 + 4 + 4 * 4 + 1)
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(InputError, match="more parameters than the 32 numbers"):
        check_network(lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), most=3 * 4 + 4 + 4 * 4)
    nn.Linear(1000, 1000)  # nothing is counted any more


def test_a_network_without_end_is_left_at_once():
    def make():
        layers = nn.Sequential()
        while True:
            layers.append(nn.Linear(1 << 20, 1 << 20))

    with pytest.raises(InputError, match="more parameters"):
        check_network(make, most=1000)
