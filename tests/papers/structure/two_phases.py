"""Models of two phases that take no time: pictures of which a pixel's colour is a factor, and a few steps."""

from itertools import product

import numpy as np

from latentassay.data import FactorData
from latentassay.papers.structure.phases import PhaseConfiguration, PhaseScale

NAMES, SIZES = ("hue", "shape", "orientation"), (8, 4, 15)
SCALE = PhaseScale(pooled=2, rows=240, first=3, second=2, batch_size=8, lr=1e-2, seeds=1, tested=15)


def draw_tiny(scale, folder, pooled):
    """A picture for each combination of three factors; a pixel's colour is one of them."""
    codes = np.array(list(product(*map(range, SIZES))))
    images = np.zeros((len(codes), 16, 16, 3), np.uint8)
    images[:, 4:12, 4:12] = (codes * [30, 60, 16])[:, None, None]
    return FactorData(images, codes, NAMES, SIZES, layout="hwc", name="tiny").split()


def configuration(folder, arm="neither", setting="ball", model="AE"):
    return PhaseConfiguration(scale="smoke", folder=folder, setting=setting, model=model, seed=0, arm=arm)
