"""The data of the demonstration: a part of the re-rendered 3D Shapes that is drawn in seconds."""

import numpy as np

from latentassay.data.catalog import load
from latentassay.data.factors import FactorData

VALUES = {
    "floor_hue": (0, 2, 4, 6, 8),
    "wall_hue": (0, 2, 4, 6, 8),
    "object_hue": (0, 2, 4, 6, 8),
    "scale": (0, 2, 5, 7),
    "shape": (0, 1, 2, 3),
    "orientation": (0, 3, 7, 11, 14),
}
"""The part of the 3D Shapes grid that is used: 10 000 pictures from 80 camera views, drawn in seconds."""


def demo_data() -> FactorData:
    """Return a coarser grid of the re-rendered 3D Shapes: 64×64 colour pictures with six known factors."""
    data = load("shapes3d")
    kept = [np.isin(column, VALUES[name]) for name, column in zip(data.factor_names, data.factors.T, strict=True)]
    return data.take(np.flatnonzero(np.all(kept, axis=0)))
