"""What is measured before all questions is measured again where it is unsure, and never with other numbers."""

import pytest
import torch

from latentassay.assay.preparation import deepen
from tests.assay.asking import context_of
from tests.assay.responding import shrinking


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


@pytest.mark.parametrize("steps", [(3.0,), (1.5, 2.0)])
def test_a_sample_depends_on_its_row_and_the_seed_alone(steps):
    context = context_of(*shrinking(0.9, n=400), samples=64)
    at_once, asked = deepen(context, 4.0), context
    for times in steps:
        asked = deepen(asked, times)
    assert asked.n == 192 and torch.equal(asked.z, at_once.z[:192])
