import torch
from torch import nn

from latentassay.explore.tracing import trace


def test_only_what_lies_between_input_and_output_is_kept():
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU())

    def ask(x):
        torch.isfinite(x).all()  # a check that the output does not need
        return network(x) + torch.ones(4).cumsum(0)  # a constant, however it was made

    found = trace(ask, torch.randn(1, 3), [network])
    assert [(call.name, call.layer) for call in found.calls] == [("addmm", "0"), ("relu", "1"), ("add", "")]


def test_a_replay_is_the_function_at_another_input():
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.GroupNorm(1, 3), nn.ELU(inplace=True), nn.Flatten())
    found, x = trace(network, torch.randn(1, 2, 5, 5)), torch.randn(1, 2, 5, 5)
    assert torch.equal(found.replay(x), network(x))


def test_constants_can_be_others():
    network = nn.Linear(2, 1, bias=False)
    found = trace(lambda x: x @ network.weight.T, torch.randn(1, 2))
    (product,) = found.calls
    other = {id(tensor): torch.zeros_like(tensor) for tensor in product.tensors if tensor is not found.input}
    assert found.replay(torch.randn(1, 2), other).item() == 0


def test_changes_in_place_leave_the_input_as_it_was():
    x = torch.randn(1, 3)
    kept = x.clone()
    found = trace(lambda x: x.mul_(2).add_(1), x)
    assert torch.equal(x, kept) and [call.name for call in found.calls] == ["mul", "add"]
    assert torch.equal(found.replay(x), 2 * x + 1)


def test_what_leaves_torch_depends_on_nothing():
    assert not trace(lambda x: torch.from_numpy(2 * x.numpy()), torch.randn(1, 3)).depends
    assert trace(lambda x: x, torch.randn(1, 3)).depends
