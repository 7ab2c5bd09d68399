"""What the ledger is written from is measured again where it is unsure, and only there."""

from dataclasses import replace

import pytest
import torch

from tests.assay.asking import context_of
from tests.assay.responding import leaking, shrinking


def test_a_coupling_near_a_bound_is_measured_with_more_rows_than_were_drawn():
    near = torch.eye(3)
    near[0, 1] = 0.14  # 0.0196 squared, below the cut of 0.02, but not by much
    far = torch.eye(3)
    model, data = leaking(near.tolist())
    unsure, sure = context_of(model, data, samples=64), context_of(*leaking(far.tolist()), samples=64)
    assert unsure.matrix.n > 64 and sure.matrix.n == 64
    assert unsure.n == 64


def test_nothing_more_is_measured_where_there_is_no_time():
    near = torch.eye(3)
    near[0, 1] = 0.14
    context = context_of(*leaking(near.tolist()), samples=64, budget=1e-6)
    assert context.matrix.n == 64


def test_only_pairs_that_are_unsure_are_measured_again():
    near = torch.eye(5)
    near[3, 1] = 0.14
    context = context_of(*leaking(near.tolist(), n=1024), samples=256)
    used = context.matrix.used
    assert used[1] > 256 and used[3] > 256 and max(used[0], used[2], used[4]) <= 256


@pytest.mark.parametrize("reads", [True, False])
def test_units_that_never_vary_are_moved_by_hand(reads):
    model, data = shrinking(1.0)
    keep = torch.tensor([1.0, 1.0, 0.0])
    still = replace(model) if hasattr(model, "__dataclass_fields__") else model
    encode, decode = model.encode, model.decode
    still.encode = lambda x: type(encode(x))(encode(x).mean * keep)
    still.decode = lambda z: decode(z if reads else z * keep)
    context = context_of(still, data)
    assert context.ledger.entries[2].state == ("encoder-blind" if reads else "dead")


def test_a_strength_near_a_bound_is_measured_with_more_rows():
    model, data = shrinking(0.86, n=1024)  # 14 % are missing; 15 % are no longer negligible
    assert max(context_of(model, data, samples=64).matrix.used) > 64
