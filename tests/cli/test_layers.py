"""Networks layer by layer."""

import torch
from torch import nn

from latentassay.cli.layers import summarize_layers


def test_layers_are_noted_as_they_are_passed_and_nothing_is_left_behind():
    network = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2)), nn.Flatten(), nn.Linear(18, 4)
    )
    assert summarize_layers(network, torch.zeros(2, 1, 8, 8)) == [
        ("Conv2d 3×3 → MaxPool2d", "2×3×3", "20"),
        ("Linear 4", "4", "76"),
    ]
    assert not any(module._forward_hooks for module in network.modules())
