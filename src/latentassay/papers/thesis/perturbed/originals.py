"""dSprites as chapter 4 trains on them before anything is moved: on a coarser grid, with fewer pixels."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from latentassay.data import FactorData
from latentassay.data.dsprites import NAMES, SIZES, dsprites
from latentassay.data.formats import resize
from latentassay.data.rendered import cache_store
from latentassay.papers.experiment import pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.thesis.perturbed.scales import SCALES


class _ScaledSprites:
    """Pictures of dSprites, scaled down when they are read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, rows: np.ndarray, side: int):
        self._full, self._rows, self._side = dsprites(), rows, side
        self.shape: tuple[int, ...] = (len(rows), side, side)

    def __getitem__(self, rows: Any, /) -> np.ndarray:
        pictures = np.asarray(self._full.store[self._rows[rows]])
        return pictures if self._side == 64 else resize(pictures, self._side)


@cache
def draw_sprites(scale: str, folder: Path) -> FactorData:
    """Return dSprites on a grid of so many values and pixels, drawn once into ``folder``."""
    chosen = pick_scale(SCALES, scale)
    values = [np.arange(0, size, every) for size, every in zip(SIZES, chosen.every, strict=True)]
    codes = np.stack(np.meshgrid(*values, indexing="ij"), -1).reshape(-1, len(SIZES))
    factors = np.indices([len(kept) for kept in values]).reshape(len(SIZES), -1).T[:, 1:]
    rows = np.asarray(np.ravel_multi_index(tuple(codes.T), SIZES))
    pictures = cache_store(_ScaledSprites(rows, chosen.side), run_folder(folder, scale, f"dsprites-{chosen.side}.npy"))
    return FactorData(pictures, factors, NAMES[1:], layout="hw", name=f"dsprites {chosen.side}×{chosen.side}")
