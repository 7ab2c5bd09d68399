"""What is measured before all questions is measured again where it is unsure, and never with other numbers."""

from dataclasses import replace

import pytest
import torch

from latentassay.assay.preparation import deepen
from tests.assay.asking import context_of
from tests.assay.responding import leaking, shrinking


def test_asked_deeper_there_are_four_times_the_rows_and_the_first_stay():
    context = context_of(*shrinking(0.9, n=400), samples=64)
    deeper = deepen(context)
    assert (deeper.n, deeper.depth) == (256, 1) and deepen(deeper).n == 400
    assert torch.equal(deeper.rows[:64], context.rows) and torch.equal(deeper.z[:64], context.z)
    assert torch.equal(deeper.codes.mean, 0.9 * context.data.batch(deeper.rows))


def test_where_all_rows_are_used_only_the_depth_grows():
    context = context_of(*shrinking(0.9, n=80), samples=80)
    deeper = deepen(context)
    assert deeper.n == 80 and deeper.depth == 1 and deeper.codes is context.codes


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
