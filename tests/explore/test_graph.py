import pytest
import torch

from latentassay.core.errors import ContractError
from latentassay.explore.graph import build_graph
from latentassay.explore.operations import TABLE
from latentassay.explore.tracing import trace


def graph_of(function, x):
    return build_graph(trace(function, x), TABLE)


def test_values_and_constants_are_numbered():
    weight = torch.randn(3, 2)
    found = graph_of(lambda x: (x @ weight).relu() + x @ weight, torch.randn(1, 3))
    assert [node.op for node in found.nodes] == ["matmul", "unary", "matmul", "binary"]
    assert [node.inputs for node in found.nodes] == [(0, -1), (1,), (0, -1), (2, 3)]
    assert len(found.constants) == 1 and found.output == 4
    described = found.as_json(first=7)
    assert described["shape"] == [1, 3] and described["first"] == 7 and described["nodes"][0]["shape"] == [1, 2]


def test_what_leaves_torch_is_refused():
    with pytest.raises(ContractError, match="leaves torch"):
        graph_of(lambda x: torch.from_numpy(x.numpy() + 1), torch.randn(1, 3))


def test_the_output_may_be_the_input():
    assert graph_of(lambda x: x, torch.randn(1, 3)).output == 0
