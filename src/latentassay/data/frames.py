"""Tuples of observations, each a row of a data set: what models that learn from pairs and sequences are trained on."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from torch import Tensor

from latentassay.core.arrays import as_array
from latentassay.core.errors import InputError
from latentassay.core.observations import Observations, as_observations


@final
class Frames:
    """Rows that are tuples of another data set's rows, such as pairs; nothing is read until it is asked for.

    A data set like any other for ``fit``: row i is the same tuple every time, so runs are repeatable and resume as
    they do on single observations. Its observations have shape ``(*tuple, *frame_shape)``, and a model of ``x_shape``
    ``frame_shape`` can be trained on them by an objective that says it takes tuples; from Python, as the command line
    trains on single observations.

    Args:
        data: where the frames come from.
        rows: which, ``(n, *tuple)``; the last axis counts the frames of one tuple.
        name: what reports call it.
        shared: which factors the frames of a tuple agree on, one subset for each entry of the axis before the last.

    Raises:
        InputError: rows that are no integers, of fewer than two axes, or not those of the data.

    >>> pairs = Frames(as_observations(np.eye(3)), np.array([[0, 1], [1, 2]]), name="steps")
    >>> pairs.x_shape, pairs.batch([1]).tolist()
    ((2, 3), [[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    """

    def __init__(self, data: Observations, rows: Any, *, name: str = "frames", shared: Sequence[tuple[str, ...]] = ()):
        index = as_array(rows)
        if index.ndim < 2 or not len(index) or not np.issubdtype(index.dtype, np.integer):
            raise InputError(
                f"rows must be integers of shape (n, *tuple) with n at least 1, got {index.dtype} {index.shape}"
            )
        if index.min() < 0 or index.max() >= len(data):
            raise InputError(f"rows must lie in 0..{len(data) - 1}, got {index.min()}..{index.max()}")
        self.data, self.rows, self.name, self.shared = data, index.astype(np.int64), name, tuple(shared)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Frames({self.name!r}, n={len(self)}, x_shape={self.x_shape})"

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one observation of the tuple, which is what a model sees."""
        return tuple(self.data.x_shape)

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of one tuple."""
        return (*self.rows.shape[1:], *self.frame_shape)

    def batch(self, indices: Any) -> Tensor:
        """Return tuples as float ``(n, *tuple, *frame_shape)``."""
        rows = self.rows[as_array(indices)]
        return self.data.batch(rows.reshape(-1)).reshape(*rows.shape, *self.frame_shape)


def windows(series: Any, length: int = 2) -> Frames:
    """Return the ``n − length + 1`` windows of consecutive rows of a series whose rows are in order of time.

    ``(x_t, …, x_{t + length − 1})``: what ``objectives.PCL`` learns from, and ``objectives.SlowVAE`` may.

    Args:
        series: a float array or tensor ``(n, *x_shape)``, or any data set, in order of time.
        length: rows in a window.

    Raises:
        InputError: a length below 2, or fewer rows than that.

    >>> windows(np.arange(8.0).reshape(4, 2)).rows.tolist()
    [[0, 1], [1, 2], [2, 3]]
    """
    observations = as_observations(series)
    if isinstance(length, bool) or not isinstance(length, int) or not 2 <= length <= len(observations):
        raise InputError(f"length must be an integer from 2 to the {len(observations)} rows there are, got {length!r}")
    starts = np.arange(len(observations) - length + 1)
    name = f"{getattr(observations, 'name', 'data')}, windows of {length}"
    return Frames(observations, starts[:, None] + np.arange(length), name=name)
