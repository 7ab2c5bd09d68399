"""Maxout against the formula."""

import torch

from latentassay.nn.maxout import Maxout


def test_each_unit_is_the_greatest_of_its_maps():
    layer, x = Maxout(3, 4, pieces=3), torch.randn(6, 3)
    maps = x @ layer.linear.weight.T + layer.linear.bias
    expected = torch.stack([maps[:, 3 * unit : 3 * unit + 3].max(1).values for unit in range(4)], 1)
    torch.testing.assert_close(layer(x), expected)
