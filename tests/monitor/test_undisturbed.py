import random

import numpy as np
import pytest
import torch
from torch import nn

from latentassay.monitor.undisturbed import undisturbed


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))


def test_random_states_are_put_back():
    model = Model()
    for draw in (random.random, np.random.rand, lambda: torch.rand(1).item()):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        expected = [draw(), draw()]
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        found = [draw()]
        with undisturbed(model):
            random.random(), np.random.rand(), torch.rand(1)
            torch.manual_seed(7), random.seed(7), np.random.seed(7)
        assert [*found, draw()] == expected


def test_modes_buffers_and_gradients_are_put_back():
    model = Model()
    model.net[2].eval()
    model.net(torch.randn(8, 3)).sum().backward()
    gradient, statistics = model.net[0].weight.grad, model.net[1].running_mean.clone()
    values = gradient.clone()
    with undisturbed(model):
        assert model.net[0].weight.grad is None
        model.train()
        model.net(5 + torch.randn(8, 3)).sum().backward()
        model.eval()
    assert model.training and model.net[1].training and not model.net[2].training
    assert model.net[0].weight.grad is gradient and torch.equal(gradient, values)
    assert torch.equal(model.net[1].running_mean, statistics) and int(model.net[1].num_batches_tracked) == 1


def test_all_is_put_back_after_an_error():
    model = Model()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="inside"), undisturbed(model):
        torch.rand(5), model.eval(), torch.set_num_threads(threads + 1)
        raise RuntimeError("inside")
    assert torch.equal(torch.rand(1), expected) and model.training and torch.get_num_threads() == threads


def test_flags_are_put_back():
    before = torch.backends.cudnn.benchmark
    with undisturbed(Model()):
        torch.backends.cudnn.benchmark = not before
    assert torch.backends.cudnn.benchmark is before


def test_autocast_keeps_no_weights_that_cannot_be_trained():
    """Inside autocast a weight is cast once and kept; cast in inference mode it could not be differentiated."""
    model = Model()
    with torch.autocast("cpu", torch.bfloat16):
        with undisturbed(model), torch.inference_mode():
            assert model.net(torch.randn(4, 3)).dtype == torch.float32
        model.net(torch.randn(4, 3)).sum().backward()
    assert model.net[0].weight.grad is not None
