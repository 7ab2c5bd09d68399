"""The data of chapter 3: dSprites, squares, MNIST and Fashion-MNIST, split by a seed."""

from functools import cache
from pathlib import Path

import numpy as np
import torch

from latentassay.data import FactorData, load
from latentassay.data.toys import squares, squares_nonlinear
from latentassay.papers.digits import TrainTest
from latentassay.papers.experiment import pick_scale
from latentassay.papers.thesis.components.scales import SCALES, ComponentsScale
from latentassay.papers.thesis.components.tasks import FILES, PIXELS, SQUARES

BINS = 1000
"""Codes of the squares' continuous factors."""


def split_data(scale: str, name: str, files: Path | None, *, seed: int) -> TrainTest:
    """Split a data set by a seed: 80 % to learn from, the last 10 % to test on."""
    data = load_whole(scale, name, files)
    order = np.random.default_rng(seed).permutation(len(data))
    return TrainTest(data.take(order[: 8 * len(data) // 10]), data.take(order[9 * len(data) // 10 :]))


@cache
def load_whole(scale: str, name: str, files: Path | None) -> FactorData:
    """Return all rows of a data set."""
    chosen = pick_scale(SCALES, scale)
    if name == "dSprites":
        return _pool_sprites(chosen)
    if name in PIXELS:
        if scale == "smoke":
            return load("digits")
        return load(FILES[name], train=None, **({"folder": files} if files else {}))
    if name == "Synth. Non-Lin.":
        return squares_nonlinear(chosen.squares, bins=BINS)
    ratio = next((ratio for ratio, known in SQUARES.items() if known == name), 2.0)
    return squares(chosen.squares, ratio=ratio, bins=BINS)


def _pool_sprites(scale: ComponentsScale) -> FactorData:
    """Return some rows of dSprites, their pixels averaged over squares."""
    sprites = load("dsprites")
    rows = np.random.default_rng(0).permutation(len(sprites))[: scale.sprites]
    pixels = [
        (torch.nn.functional.avg_pool2d(sprites.batch(part), scale.pooled) * 255).round().byte().numpy()
        for part in np.array_split(rows, max(1, len(rows) // 5000))
    ]
    codes, names = sprites.factors[rows][:, 1:], sprites.factor_names[1:]  # their colour is always the same
    return FactorData(np.concatenate(pixels), codes, names, sprites.factor_sizes[1:], layout="chw", name="dsprites")
