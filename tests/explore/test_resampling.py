import pytest
import torch
from torch import nn

from latentassay.explore.graph import build_graph
from latentassay.explore.operations import TABLE
from latentassay.explore.tracing import trace


def test_rows_are_mixed_by_the_weights_of_torch():
    found = build_graph(trace(nn.Upsample(scale_factor=2, mode="bilinear"), torch.randn(1, 1, 2, 3)), TABLE)
    (node,) = found.nodes
    assert [dict(zip(row[::2], row[1::2])) for row in node.options["rows"]] == [
        {0: 1.0},
        {0: pytest.approx(0.75), 1: pytest.approx(0.25)},
        {0: pytest.approx(0.25), 1: pytest.approx(0.75)},
        {1: 1.0},
    ]
    assert len(node.options["columns"]) == 6
