import torch
from torch import nn

from latentassay.explore.graph import build_graph
from latentassay.explore.operations import TABLE
from latentassay.explore.tracing import trace


def ops(function, *shape):
    return [node.op for node in build_graph(trace(function, torch.randn(1, *shape)), TABLE).nodes]


def test_the_shortest_description_is_chosen():
    assert ops(lambda x: x.reshape(1, 2, 6), 12) == ["reshape"]
    assert ops(lambda x: x[:, 2:8:3], 12) == ["strided"]
    assert ops(lambda x: x.transpose(1, 2), 3, 4) == ["strided"]
    assert ops(nn.ReflectionPad2d(1), 2, 4, 4) == ["take"]
    assert ops(nn.Upsample(scale_factor=2), 2, 4, 4) == ["take"]
    assert ops(nn.PixelShuffle(2), 4, 3, 3) == ["gather"]


def test_every_part_of_a_split_is_a_view_of_its_own():
    found = build_graph(trace(lambda x: torch.cat(x.split([1, 3, 2], 1)[::-1], 1), torch.randn(1, 6)), TABLE)
    assert [node.options["offset"] for node in found.nodes if node.op == "strided"] == [0, 1, 4]
