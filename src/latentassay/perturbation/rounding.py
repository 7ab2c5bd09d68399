"""Rounding for storage, so that what is read back lies in [0, 1] and exactly within ε of the parent."""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8

from latentassay.core.observations import as_float


def round_to_bytes(
    x: UInt8[np.ndarray, "..."], wanted: Float32[np.ndarray, "..."], eps: float
) -> UInt8[np.ndarray, "..."]:
    """Return the bytes next to ``wanted`` (in [0, 1]) among those within ε of the bytes ``x``, both read as k / 255.

    >>> round_to_bytes(np.array([0, 255], np.uint8), np.array([0.3, 0.0], np.float32), 0.1)
    array([ 25, 230], dtype=uint8)
    """
    low, high = _reach(eps)
    near = np.rint(wanted.astype(np.float64) * 255)
    return np.clip(near, low[x], high[x]).astype(np.uint8)


def round_to_floats(
    x: Float32[np.ndarray, "..."], wanted: Float32[np.ndarray, "..."], eps: float
) -> Float32[np.ndarray, "..."]:
    """Return ``wanted`` in [0, 1] and, rounded towards ``x`` where it must be, within ε of it.

    >>> float(round_to_floats(np.float32([0.5]), np.float32([0.6]), 0.1)[0]) - 0.5 <= 0.1
    True
    """
    wide = x.astype(np.float64)
    kept = np.clip(wanted, np.maximum(wide - eps, 0), np.minimum(wide + eps, 1)).astype(np.float32)
    while (far := ~_within(x, kept, eps)).any():
        # In steps as wide as the wider of both is spaced: near 0 those of the narrower would take for ever.
        step = np.maximum(np.spacing(kept[far]), np.spacing(x[far]))
        kept[far] -= np.copysign(step, kept[far] - x[far])
    return np.asarray(kept)


def _within(a: Float32[np.ndarray, "..."], b: Float32[np.ndarray, "..."], eps: float) -> Bool[np.ndarray, "..."]:
    """Whether values are no further apart than ε, exactly and as float32 subtracts them."""
    exact = np.abs(b.astype(np.float64) - a.astype(np.float64))
    return np.asarray(np.maximum(exact, np.abs(b - a).astype(np.float64)) <= eps)


@lru_cache
def _reach(eps: float) -> tuple[UInt8[np.ndarray, " 256"], UInt8[np.ndarray, " 256"]]:
    """Lowest and highest byte within ε of every byte."""
    levels = as_float(torch.arange(256, dtype=torch.uint8)).numpy()
    within = _within(levels[:, None], np.broadcast_to(levels, (256, 256)), eps)
    return within.argmax(1).astype(np.uint8), (255 - within[:, ::-1].argmax(1)).astype(np.uint8)
