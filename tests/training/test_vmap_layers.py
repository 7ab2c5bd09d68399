"""Layers for ``torch.vmap`` against torch's own."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from latentassay.training.vmap_layers import PlainGroupNorm, replace_layers


@pytest.mark.parametrize("shape", [(3, 8), (3, 8, 5), (3, 8, 4, 5)])
@pytest.mark.parametrize("affine", [True, False])
def test_group_normalisation_is_torchs(shape, affine):
    layer = nn.GroupNorm(4, 8, affine=affine, eps=1e-3)
    if affine:
        nn.init.normal_(layer.weight)
        nn.init.normal_(layer.bias)
    ours, x = PlainGroupNorm(layer), torch.randn(shape, dtype=torch.float64)
    theirs = layer.double()
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    assert_close(ours(a), theirs(b))
    (slope_a,), (slope_b,) = (torch.autograd.grad(f(z).pow(3).sum(), z) for f, z in ((ours, a), (theirs, b)))
    assert_close(slope_a, slope_b)


def test_nested_layers_are_replaced_and_names_stay():
    model = nn.Sequential(nn.Linear(2, 4), nn.Sequential(nn.GroupNorm(2, 4), nn.ReLU()))
    names = [name for name, _ in model.named_parameters()]
    x = torch.randn(5, 2)
    before = model(x)
    assert isinstance(replace_layers(model)[1][0], PlainGroupNorm)
    assert [name for name, _ in model.named_parameters()] == names
    assert_close(model(x), before)
