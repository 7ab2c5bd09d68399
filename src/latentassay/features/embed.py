"""``embed``: observations to features, a batch at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.autoencoder import eval_mode
from latentassay.core.callables import AnyFloat
from latentassay.core.checks import check_counts
from latentassay.core.errors import InputError
from latentassay.core.observations import as_observations, finite, select_rows
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
    """Return the features of observations as a numpy array in float64, with the extractor in evaluation mode.

    Args:
        data: a ``FactorData``, any ``Observations``, or a float array or tensor ``(n, *x_shape)``, images in [0, 1].
        extractor: ``"efficientnet-lite0"``, or a callable from tensors ``(n, *x_shape)`` to ``(n, k)``. A module gets
            its batches where its weights are; anything else that holds modules lists them as ``torch_modules``. One
            that computes in another float type than that of the data is given its own.
        batch_size: observations at a time; nothing is kept of a batch but its features.
        rows: numbers of the rows to embed, such as ``np.random.default_rng(0).choice(len(data), 2000, replace=False)``;
            all if left out.

    Raises:
        InputError: data, rows, or what the extractor returns are not as said.

    >>> embed(torch.ones(5, 3, 2, 2), lambda x: x.mean((2, 3))).shape
    (5, 3)
    """
    check_counts(batch_size=batch_size)
    run = load(extractor) if isinstance(extractor, str) else extractor
    observations = as_observations(data)
    index, call = select_rows(observations, rows), AnyFloat(run)
    with eval_mode(run) as (device, _):
        first, *rest = torch.split(index, batch_size)
        block = _embed_batch(call, observations.batch(first).to(device))
        # How many features there are is known only now; memory for all of them is taken once.
        features = np.empty((len(index), block.shape[1]))
        features[: len(block)] = block
        for number, part in enumerate(track(rest, "features"), 1):
            features[number * batch_size :][: len(part)] = _embed_batch(call, observations.batch(part).to(device))
    return features


def _embed_batch(extractor: Extractor, x: Tensor) -> Float[np.ndarray, "n k"]:
    features = extractor(x)
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != len(x):
        got = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise InputError(
            f"the extractor must return a tensor ({len(x)}, features), got {got}; flatten or average what it returns"
        )
    return finite(features, "what the extractor returns").double().cpu().numpy()
