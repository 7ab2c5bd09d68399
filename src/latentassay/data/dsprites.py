"""dSprites (Matthey et al., 2017) drawn anew: 737,280 binary 64×64 images of one white shape on black.

The rules were fitted to frames of the original's published animation, see ``render``.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt8

from latentassay.data.codes import check_codes
from latentassay.data.factors import FactorData
from latentassay.data.rendered import grid_data

NAMES = ("color", "shape", "scale", "orientation", "x", "y")
"""Of the factors, the last of which varies fastest."""

SIZES = (1, 3, 6, 40, 32, 32)
"""Number of values of every factor."""

_SQUARE_HALF_SIDE = 9.6
_ELLIPSE_SEMI_AXES = (12.77, 7.21)
_CHUNK = 512  # images whose windows fit the processor's cache together

_T = np.linspace(0, np.pi, 65)
_HEART_X = 9.6 * np.sin(_T) ** 3
_HEART_Y = -0.662 * (13 * np.cos(_T) - 5 * np.cos(2 * _T) - 2 * np.cos(3 * _T) - np.cos(4 * _T)) - 1.44
_RADII = (_SQUARE_HALF_SIDE * np.sqrt(2), max(_ELLIPSE_SEMI_AXES), np.hypot(_HEART_X, _HEART_Y).max())


def dsprites(*, cache: str | Path | None = None) -> FactorData:
    """Return all 737,280 images with their factors, drawn on demand.

    Images are stored as 0 and 255 (the official file stores 0 and 1), so that batches hold 0.0 and 1.0.

    Args:
        cache: a folder; the whole set is rendered there once (3.0 GB) and memory-mapped.

    Raises:
        FileError: if the cache cannot be written or is damaged.

    >>> dsprites().batch([0, 737279]).sum((1, 2, 3))  # pixels that are on
    tensor([100., 222.])
    """
    return grid_data(_render_white, NAMES, SIZES, name="dsprites", cache=cache)


def render(codes: Any) -> UInt8[np.ndarray, "n 64 64"]:
    """Draw images of 0 and 1 from integer codes ``(n, 6)``: color, shape, scale, orientation, x, y.

    A pixel is on if its centre lies inside the shape (square, ellipse, heart), which has its centre at
    16 + 32·k/31 px for k = 0…31, scale 0.5…1 in 6 steps, and is turned counter-clockwise on the screen
    by 2π·k/39 for k = 0…39, so that the first and the last orientation coincide as in the original.

    Raises:
        InputError: if the codes are of another shape, not integers, or out of range.
    """
    checked = check_codes(codes, NAMES, SIZES)
    images = np.zeros((len(checked), 64, 64), np.uint8)
    kinds = checked[:, 1] * SIZES[2] + checked[:, 2]
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        for chunk in np.split(rows, range(_CHUNK, len(rows), _CHUNK)):
            _draw(images, chunk, checked[chunk])
    return images


def _render_white(codes: Any) -> UInt8[np.ndarray, "n 64 64"]:
    return render(codes) * np.uint8(255)


def _draw(images: np.ndarray, rows: np.ndarray, codes: np.ndarray) -> None:
    """Draw ``codes``, all of one shape and scale, into ``images[rows]``, testing the bounding box only."""
    shape, scale = int(codes[0, 1]), 0.5 + 0.1 * codes[0, 2]
    turn = codes[:, 3] * (2 * np.pi / 39)
    sine, cosine = np.sin(turn)[:, None], np.cos(turn)[:, None]
    centre = 16 + codes[:, 4:] * (32 / 31)
    first = np.floor(centre - _RADII[shape] * scale).astype(int)
    box = np.arange(int(2 * _RADII[shape] * scale) + 2)
    pixels = first[:, :, None] + box
    x, y = np.moveaxis((pixels + 0.5 - centre[:, :, None]) / scale, 1, 0)
    u = (cosine * x)[:, None, :] - (sine * y)[:, :, None]
    v = (sine * x)[:, None, :] + (cosine * y)[:, :, None]
    columns, lines = np.moveaxis(pixels, 1, 0)
    images[rows[:, None, None], lines[:, :, None], columns[:, None, :]] = _inside(shape, u, v)


def _inside(shape: int, u: Float[np.ndarray, "n h w"], v: Float[np.ndarray, "n h w"]) -> Bool[np.ndarray, "n h w"]:
    """Whether points lie inside a shape of scale 1 around the origin; v points down."""
    if shape == 0:
        return np.asarray(np.maximum(abs(u), abs(v)) < _SQUARE_HALF_SIDE)
    if shape == 1:
        a, b = _ELLIPSE_SEMI_AXES
        return np.asarray((u / a) ** 2 + (v / b) ** 2 < 1)
    # Half the heart is a polygon of 64 edges; from t = 0 to π/2 they are its upper rim, from there its lower.
    half = abs(u)
    upper = np.interp(half, _HEART_X[:33], _HEART_Y[:33])
    lower = np.interp(half, _HEART_X[:31:-1], _HEART_Y[:31:-1])
    return np.asarray((half < _HEART_X[32]) & (upper < v) & (v < lower))
