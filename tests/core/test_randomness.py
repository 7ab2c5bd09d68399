import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.core.randomness import as_generator, as_seed, seeded


@pytest.mark.parametrize("seed", [5, np.int64(5), torch.tensor(5)])
def test_a_number_of_any_kind_is_a_seed(seed):
    assert as_seed(seed) == 5
    assert torch.rand(3, generator=as_generator(seed)).equal(torch.rand(3, generator=torch.Generator().manual_seed(5)))


def test_a_generator_draws_on():
    generator = torch.Generator().manual_seed(0)
    assert as_generator(generator) is generator
    assert as_seed(generator) != as_seed(generator)


@pytest.mark.parametrize("wrong", [-1, 2**63, 1.5, "0", None])
def test_what_is_no_seed_is_refused(wrong):
    for read in (as_generator, as_seed):
        with pytest.raises(InputError, match="seed"):
            read(wrong)


def test_seeded_draws_leave_the_global_state_as_it_was():
    before = torch.get_rng_state()
    with seeded(3):
        first = torch.rand(4)
    with pytest.raises(RuntimeError), seeded(3):
        assert torch.equal(torch.rand(4), first)
        raise RuntimeError
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(4):
        assert not torch.equal(torch.rand(4), first)
