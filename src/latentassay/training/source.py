"""Sources of batches: the whole data set on the device where it fits, otherwise rows that are read when needed."""

import math
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.observations import Observations, as_float, as_observations, finite
from latentassay.core.progress import bar
from latentassay.data.frames import Frames

RESIDENT_SHARE = 0.5
"""Share of the device's free memory that a resident data set may take."""

CHUNK = 4096
"""Rows read at a time while a data set is made resident."""


class Source(NamedTuple):
    """Batches of one data set for one device."""

    name: str
    n: int
    x_shape: tuple[int, ...]
    batch: Callable[[Tensor], Tensor]
    """Row numbers (on the CPU) to float observations on the device."""
    stored: Tensor | None = None
    """All rows on the device as they are stored, uint8 or float, where they are resident."""


def open_source(data: Any, model: Any, device: torch.device, *, draws: int) -> Source:
    """Open ``data`` for a model; it is made resident if it fits and if ``draws`` rows would read it all anyway.

    Raises:
        InputError: no rows, NaN or infinite values, values outside the support of the model's likelihood, or
            observations of another shape than the model's.
    """
    observations = as_observations(data)
    if isinstance(observations, Frames):
        return _tuples(observations, model, device, draws)
    n, x_shape = len(observations), tuple(observations.x_shape)
    if n == 0:
        raise InputError("data holds no observations; was every row filtered out?")
    expected = getattr(model, "x_shape", x_shape)
    if tuple(expected) != x_shape:
        raise InputError(
            f"the model was built for observations {tuple(expected)}, the data have {x_shape}; "
            f"build it with x_shape={x_shape}"
        )
    read = _reader(observations, model)
    size = read(np.arange(1))
    needed = n * math.prod(x_shape) * size.element_size()
    # To read all rows for a run that draws fewer would cost more than it saves.
    if draws >= n and needed <= RESIDENT_SHARE * free_memory(device):
        stored = _whole(read, n, device)
        batch = _from_device(stored)
    else:
        stored, batch = None, _from_reader(read, device)
    return Source(str(getattr(observations, "name", "data")), n, x_shape, batch, stored)


def _tuples(frames: Frames, model: Any, device: torch.device, draws: int) -> Source:
    """The frames' own source, read tuple by tuple: a frame of many tuples is kept once, and is what a model sees."""
    rows = torch.from_numpy(frames.rows)
    single = open_source(frames.data, model, device, draws=draws * math.prod(rows.shape[1:]))

    def batch(wanted: Tensor) -> Tensor:
        chosen = rows[wanted]
        return single.batch(chosen.flatten()).reshape(*chosen.shape, *single.x_shape)

    return Source(frames.name, len(frames), frames.x_shape, batch)


def _reader(observations: Observations, model: Any) -> Callable[[Any], Tensor]:
    """Return a function from rows to checked values, as uint8 where they are stored so."""
    # Bytes always lie in [0, 1]; floats are checked as they are read, since nobody has seen them all.
    low, high = getattr(getattr(model, "likelihood", None), "support", (-math.inf, math.inf))
    stored: Callable[[Any], Tensor] = getattr(observations, "raw", observations.batch)

    def read(rows: Any) -> Tensor:
        values = stored(rows)
        if values.dtype == torch.uint8:
            return values
        finite(values, "data")
        if values.min() < low or values.max() > high:
            raise InputError(
                f"data must lie in [{low:g}, {high:g}] for this model's likelihood, got values from "
                f"{values.min():g} to {values.max():g}; rescale them, or build the model with "
                "likelihood='gaussian' or 'squared'"
            )
        return values.float()

    return read


def _whole(read: Callable[[Any], Tensor], n: int, device: torch.device) -> Tensor:
    first = read(np.arange(1))
    stored = torch.empty((n, *first.shape[1:]), dtype=first.dtype, device=device)
    with bar(n, "loading data", unit="row") as line:
        for start in range(0, n, CHUNK):
            rows = np.arange(start, min(start + CHUNK, n))
            stored[start : start + len(rows)] = read(rows).to(device)
            line.update(len(rows))
    return stored


def _from_device(stored: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda rows: as_float(stored[rows.to(stored.device, non_blocking=True)])


def _from_reader(read: Callable[[Any], Tensor], device: torch.device) -> Callable[[Tensor], Tensor]:
    return lambda rows: as_float(read(rows.numpy()).to(device, non_blocking=True))


def free_memory(device: torch.device) -> int:
    """Return the free bytes of a device; where nobody tells, 2 GiB."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 << 30
