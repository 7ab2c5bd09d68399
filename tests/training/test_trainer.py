from functools import partial

import pytest
import torch
from torch import nn

from latentassay.training.trainer import compiled

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch's own


class Spy(nn.Module):
    """Counts the calls in which Python runs it as it stands; while torch compiles, it does not count."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        if not torch.compiler.is_compiling():
            self.calls += 1
        return x


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))


def spied(width):
    spies = Spy(), Spy()
    encoder, decoder = nn.Sequential(nn.Linear(width, 2), spies[0]), nn.Sequential(nn.Linear(2, width), spies[1])
    return nn.ModuleDict({"encoder": encoder, "decoder": decoder}), spies


def test_sequences_of_layers_are_compiled_and_handed_back(quick):
    model, spies = spied(3)
    with compiled(model, wanted=True):
        model["decoder"](model["encoder"](torch.ones(4, 3)))
    assert [spy.calls for spy in spies] == [0, 0]
    model["decoder"](model["encoder"](torch.ones(4, 3)))
    assert [spy.calls for spy in spies] == [1, 1]


def test_networks_inside_a_part_that_is_never_called_are_compiled(quick):
    model, spies = spied(3)
    with compiled(nn.ModuleDict({"body": model}), wanted=True):
        model["encoder"](torch.ones(4, 3))
    assert spies[0].calls == 0


def test_the_tenth_model_of_a_process_is_compiled_like_the_first(quick):
    for width in range(1, 11):  # torch gives up on a piece of code after eight shapes
        model, spies = spied(width)
        with compiled(model, wanted=True):
            for training in (True, False):
                model.train(training)["encoder"](torch.ones(4, width))
        assert spies[0].calls == 0, width


def test_nothing_is_compiled_unasked():
    model, spies = spied(3)
    with compiled(model, wanted=False):
        model["encoder"](torch.ones(4, 3))
    assert spies[0].calls == 1
