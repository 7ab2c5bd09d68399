import pytest
import torch

from latentassay.faults.more_arguments import MORE
from latentassay.faults.names import public_functions


@pytest.mark.parametrize("name", sorted(MORE))
def test_valid_arguments_are_taken_and_leave_chance_alone(name):
    before = torch.get_rng_state()
    public_functions()[name](**MORE[name]())
    assert torch.equal(before, torch.get_rng_state())
