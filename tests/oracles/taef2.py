"""TAEF2, a small pretrained image autoencoder (MIT), rebuilt from the description of its layers.

Pictures ``(n, 3, h, w)`` in [0, 1] to latents ``(n, 32, h/8, w/8)`` and back. diffusers' ``AutoencoderTiny`` cannot
hold it: its blocks have no pooled branch.
"""

from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import nn

WIDTH, POOLED, LATENTS, STRIDE = 64, 256, 32, 8


class Taef2(NamedTuple):
    encoder: nn.Sequential
    decoder: nn.Sequential


class Block(nn.Module):
    """Three convolutions and a skip; at the lowest resolution, first a branch normalised over the whole picture."""

    def __init__(self, *, pooled=False):
        super().__init__()
        self.conv = nn.Sequential(conv(), nn.ReLU(), conv(), nn.ReLU(), conv())
        if pooled:
            self.pool = nn.Sequential(
                nn.Conv2d(WIDTH, POOLED, 1, bias=False),
                nn.GroupNorm(4, POOLED),
                nn.ReLU(),
                nn.Conv2d(POOLED, WIDTH, 1, bias=False),
            )

    def forward(self, x):
        if hasattr(self, "pool"):
            x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


class SoftClamp(nn.Module):
    def forward(self, z):
        return 3 * torch.tanh(z / 3)


def conv(before=WIDTH, after=WIDTH, **options):
    return nn.Conv2d(before, after, 3, padding=1, **options)


def build():
    """The two halves at random weights; indices in each sequence are those of the stored keys."""
    encoder = [conv(3), Block()]
    for level in range(3):
        encoder += [conv(stride=2, bias=False), *(Block(pooled=level == 2) for _ in range(3))]
    decoder = [SoftClamp(), conv(LATENTS), nn.ReLU(), *(Block(pooled=True) for _ in range(3))]
    for blocks in (3, 3, 1):
        decoder += [nn.Upsample(scale_factor=2), conv(bias=False), *(Block() for _ in range(blocks))]
    return Taef2(nn.Sequential(*encoder, conv(after=LATENTS)), nn.Sequential(*decoder, conv(after=3)))


def load(path):
    """Load ``weights.safetensors`` in float32, every key accounted for; the global random state is left as found."""
    with torch.random.fork_rng(devices=[]):
        model = build()
    weights = {key: value.float() for key, value in load_file(path).items()}
    for name, half in model._asdict().items():
        mine = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(name)}
        half.load_state_dict(mine, strict=True)
        half.eval().requires_grad_(False)
    return model
