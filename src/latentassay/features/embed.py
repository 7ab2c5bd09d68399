"""``embed``: observations to features, a batch at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.autoencoder import DeviceAndDtype, eval_mode
from latentassay.core.errors import InputError
from latentassay.core.observations import Observations, as_observations, finite
from latentassay.core.progress import track
from latentassay.features.efficientnet import NAME, EfficientNetLite0

DEFAULT = NAME
"""The extractor that is used where none is named."""

Extractor = Callable[[Tensor], Tensor]
"""Observations ``(n, *x_shape)``, images in [0, 1], to features ``(n, k)``."""


def load(name: str = DEFAULT) -> Extractor:
    """Return the extractor of a name; what it is made from is installed with ``latentassay[features]``.

    Raises:
        InputError: no extractor is called so, or its weights are not installed.
        FileError: its weights are damaged.
    """
    if name != DEFAULT:
        raise InputError(f"no extractor is called {name!r}; give {DEFAULT!r}, or any callable (n, *x_shape) → (n, k)")
    return EfficientNetLite0()


def embed(
    data: Any, extractor: str | Extractor = DEFAULT, *, batch_size: int = 128, rows: Any = None
) -> Float[np.ndarray, "n k"]:
    """Return the features of observations as float64, with the extractor in evaluation mode.

    Args:
        data: a ``FactorData``, any ``Observations``, or a float array or tensor ``(n, *x_shape)``, images in [0, 1].
        extractor: ``"efficientnet-lite0"``, or a callable from ``(n, *x_shape)`` to ``(n, k)``. A module gets its
            batches where its weights are; anything else that holds modules lists them as ``torch_modules``.
        batch_size: observations at a time; nothing is kept of a batch but its features.
        rows: numbers of the rows to embed, such as ``np.random.default_rng(0).choice(len(data), 2000, replace=False)``;
            all if left out.

    Raises:
        InputError: data, rows, or what the extractor returns are not as said.

    >>> embed(torch.ones(5, 3, 2, 2), lambda x: x.mean((2, 3))).shape
    (5, 3)
    """
    run = load(extractor) if isinstance(extractor, str) else extractor
    if not isinstance(batch_size, int) or batch_size < 1:
        raise InputError(f"batch_size must be a positive integer, got {batch_size!r}")
    observations = as_observations(data)
    wanted = _rows(rows, len(observations))
    parts = [wanted[start : start + batch_size] for start in range(0, len(wanted), batch_size)]
    with eval_mode(run) as place:
        first, *rest = parts
        block = _of_batch(run, observations, first, place)
        found = np.empty((len(wanted), block.shape[1]))
        found[: len(block)] = block
        for number, part in enumerate(track(rest, "features"), 1):
            found[number * batch_size :][: len(part)] = _of_batch(run, observations, part, place)
    return found


def _rows(rows: Any, n: int) -> Int[np.ndarray, " rows"]:
    wanted = np.arange(n) if rows is None else np.asarray(rows)
    if wanted.ndim != 1 or not len(wanted) or not np.issubdtype(wanted.dtype, np.integer):
        raise InputError(f"rows must be row numbers such as [0, 5, 7], got {rows!r}")
    if wanted.min() < 0 or wanted.max() >= n:
        raise InputError(f"rows must lie in 0 … {n - 1}, got {wanted.min()} … {wanted.max()}")
    return wanted


def _of_batch(
    run: Extractor, data: Observations, rows: Int[np.ndarray, " n"], place: DeviceAndDtype
) -> Float[np.ndarray, "n k"]:
    features = run(data.batch(rows).to(place.device))
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != len(rows):
        got = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise InputError(
            f"the extractor must return a tensor ({len(rows)}, features), got {got}; flatten or average what it returns"
        )
    return finite(features, "what the extractor returns").double().cpu().numpy()
