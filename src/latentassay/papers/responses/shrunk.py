"""Pictures shrunk by a whole factor as they are read, so that none of the large ones are kept."""

from typing import Any

import numpy as np
from jaxtyping import UInt8

from latentassay.core.errors import InputError
from latentassay.data import FactorData
from latentassay.data.factors import Store


class Shrunk:
    """A ``Store`` of pictures whose pixels are means over blocks of another store's.

    Args:
        store: uint8 pictures ``(n, h, w)`` or ``(n, h, w, channels)``.
        factor: side of a block.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, store: Store, factor: int):
        self._store, self._factor = store, factor
        n, high, wide, *channels = store.shape
        self.shape: tuple[int, ...] = (n, high // factor, wide // factor, *channels)

    def __getitem__(self, rows: Any, /) -> UInt8[np.ndarray, "..."]:
        pictures, k = np.asarray(self._store[rows]), self._factor
        many = pictures.shape[: pictures.ndim + 1 - len(self.shape)]
        blocks = pictures.reshape(*many, self.shape[1], k, self.shape[2], k, *self.shape[3:])
        above, beside = len(many) + 1, len(many) + 3
        small: np.ndarray = np.rint(blocks.mean((above, beside), dtype=np.float32)).astype(np.uint8)
        return small


def shrink(data: FactorData, side: int | None) -> FactorData:
    """Return pictures of ``side`` × ``side``, means over blocks of those given; those themselves where it is ``None``.

    Raises:
        InputError: the side of the pictures is no multiple of ``side``, or they are not stored height first.
    """
    if side is None or data.x_shape[-1] == side:
        return data
    if data.layout not in ("hw", "hwc") or data.x_shape[-1] % side or data.x_shape[-1] != data.x_shape[-2]:
        raise InputError(f"square pictures of a multiple of {side} pixels can be shrunk to {side}, got {data.x_shape}")
    store = Shrunk(data.store, data.x_shape[-1] // side)
    return FactorData(store, data.factors, data.factor_names, data.factor_sizes, layout=data.layout, name=data.name)
