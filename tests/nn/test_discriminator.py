"""The judges of pairs and of codes."""

import pytest
import torch

from latentassay.nn.discriminator import SLOPE, CodeDiscriminator, PairDiscriminator


@pytest.mark.parametrize("x_shape", [(7,), (1, 8, 8), (3, 28, 28), (1, 5, 6), (2, 3)])
def test_each_pair_has_a_logit_that_depends_on_it_and_its_kind_alone(x_shape):
    judge, x = PairDiscriminator(x_shape, 3, 16).eval(), torch.rand(4, 3, 2, *x_shape)
    logits = judge(x)
    assert logits.shape == (4, 3)
    other = x.clone()
    other[1, 2, 1] += 0.5
    changed = (judge(other) - logits).abs() > 1e-7
    assert changed.nonzero().tolist() == [[1, 2]]
    turned = judge(x.flip(1)).flip(1)  # the same pairs, said to be of another kind
    assert ((turned - logits).abs() > 1e-7)[:, [0, 2]].all() and torch.allclose(turned[:, 1], logits[:, 1])


def test_pictures_are_halved_as_far_as_they_go():
    convolutions = [
        sum(isinstance(m, torch.nn.Conv2d) for m in PairDiscriminator(shape, 1, 8).body)
        for shape in ((3, 64, 64), (1, 28, 28), (1, 8, 8), (1, 4, 4), (1, 9, 9))
    ]
    assert convolutions == [4, 2, 1, 0, 0]


def test_layers_stretch_nothing():
    judge = PairDiscriminator((6,), 2, 16)
    for _ in range(50):  # the norm is estimated a little better each time
        judge(torch.rand(4, 2, 2, 6))
    for module in judge.eval().modules():
        if isinstance(module, torch.nn.Linear):
            assert torch.linalg.matrix_norm(module.weight, 2).item() == pytest.approx(1, abs=0.02)


def test_sharpness_is_a_factor_on_the_logits():
    torch.manual_seed(0)
    judge, x = PairDiscriminator((6,), 2, 16, sharpness=5).eval(), torch.rand(3, 2, 2, 6)
    sharp = judge(x)
    judge.sharpness = 1
    torch.testing.assert_close(sharp, 5 * judge(x))


def test_the_judge_of_codes_is_the_formula_row_by_row():
    judge, codes = CodeDiscriminator(3, 5, 2), torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    *hidden, last = [layer for layer in judge.modules() if isinstance(layer, torch.nn.Linear)]
    assert len(hidden) == 2
    for row, logit in zip(codes, judge(codes), strict=True):
        for layer in hidden:
            row = layer.weight @ row + layer.bias
            row = torch.where(row > 0, row, SLOPE * row)
        torch.testing.assert_close(logit, (last.weight @ row + last.bias)[0])
