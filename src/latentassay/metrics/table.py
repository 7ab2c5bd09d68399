"""Codes and factors of the same rows, encoded once for all metrics."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from latentassay.core.autoencoder import Encoder, eval_mode, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.guard import encode_batch
from latentassay.core.observations import FactoredObservations, finite
from latentassay.core.progress import track


class Table(NamedTuple):
    """What metrics read.

    Attributes:
        codes: posterior means, flattened, ``(n, d)``.
        factors: integer codes of the same rows, ``(n, m)``; the factors that vary among them.
        names: name of every factor, ``(m,)``.
        rows: which rows of the data these are, ``(n,)``.
        n: number of rows.
    """

    codes: Float[np.ndarray, "n d"]
    factors: Int[np.ndarray, "n m"]
    names: tuple[str, ...]
    rows: Int[np.ndarray, " n"]
    n: int


def encode_table(
    model: Encoder, data: Any, *, rows: Any = None, n: int = 10_000, seed: int = 0, batch_size: int = 128
) -> Table:
    """Encode rows of data whose factors are known, in one pass for a whole panel of metrics.

    Factors that never vary among these rows are left out: no metric can say anything of them.

    Args:
        model: any encoder.
        data: observations with ``factors`` and ``factor_names``, such as a ``FactorData``.
        rows: indices of the rows to encode, in this order; ``n`` of them at random where left out.
        n: number of rows to draw without replacement; all where there are no more.
        seed: seed of the draw.
        batch_size: rows per pass.

    Raises:
        InputError: data without factors, rows that do not exist or are fewer than two, no factor that varies, or codes
            that are NaN or infinite.

    >>> from latentassay.adapters import from_torch
    >>> from latentassay.data.factors import FactorData
    >>> x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    >>> data = FactorData(x, np.indices((2, 3)).reshape(2, -1).T, ("shape", "hue"))
    >>> model = from_torch(lambda x: x[:, :2], lambda z: z, latent_shape=(2,))
    >>> table = encode_table(model, data)
    >>> table.codes.shape, table.names, bool((table.codes == x[:, :2]).all())
    ((6, 2), ('shape', 'hue'), True)
    """
    if not isinstance(data, FactoredObservations):
        raise InputError(
            f"data must be observations with known factors, such as a FactorData, got {type(data).__name__}"
        )
    index = _draw_rows(len(data), n, seed) if rows is None else _check_rows(rows, len(data))
    factors = np.asarray(data.factors)[index]
    varying = np.flatnonzero(np.ptp(factors, axis=0) > 0) if len(index) > 1 else np.zeros(0, dtype=np.int64)
    if not len(varying):
        raise InputError(f"no factor varies among these {len(index)} rows; give rows that differ in what is known")
    names = tuple(data.factor_names[m] for m in varying)
    return Table(_means(model, data, index, batch_size), factors[:, varying], names, index, len(index))


def _draw_rows(available: int, n: int, seed: int) -> Int[np.ndarray, " n"]:
    """Rows at random in ascending order, as files are read fastest."""
    if n >= available:
        return np.arange(available)
    return np.sort(np.random.default_rng(seed).choice(available, max(n, 0), replace=False))


def _check_rows(rows: Any, available: int) -> Int[np.ndarray, " n"]:
    index = np.asarray(rows)
    if index.ndim != 1 or not np.issubdtype(index.dtype, np.integer) or ((index < 0) | (index >= available)).any():
        raise InputError(f"rows must be a list of indices from 0 to {available - 1}, got {index.dtype} {index.shape}")
    return index.astype(np.int64)


def _means(
    model: Encoder, data: FactoredObservations, index: Int[np.ndarray, " n"], batch_size: int
) -> Float[np.ndarray, "n d"]:
    # The sampling module does the same for its own readers, who want deviations and samples besides, but a metric
    # may not know it: the two lie side by side.
    codes = np.empty((len(index), int(np.prod(latent_shape_of(model)))))
    with eval_mode(model) as (device, dtype):
        for start in track(range(0, len(index), batch_size), "encoding"):
            x = data.batch(index[start : start + batch_size]).to(device, dtype)
            codes[start : start + len(x)] = encode_batch(model, x).mean.flatten(1).cpu().double().numpy()
    finite(torch.from_numpy(codes), "encoded means")
    return codes
