"""Reconstruction error and explained variance: how much of the data comes back."""

from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import as_tensor
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import finite
from latentassay.stats.intervals import mean_of_rows


class Reconstruction(NamedTuple):
    """Reconstruction error and explained share of variance.

    Attributes:
        mse: mean squared error per value, with its standard error over rows.
        explained: 1 − error / variance of the data around their mean, both summed over all values; with its standard
            error by the linearised ratio.
        per_sample: mean squared error of every row, a tensor ``(n,)``.
    """

    mse: Estimate
    explained: Estimate
    per_sample: Float[Tensor, " n"]


def reconstruction(x: Any, decoded: Any) -> Reconstruction:
    """Compare observations with their reconstructions, arrays or tensors ``(n, *x_shape)``.

    Raises:
        InputError: shapes differ, NaN, or all observations are the same, so that there is nothing to explain.

    >>> x = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    >>> reconstruction(x, x.numpy()).explained
    1
    """
    a, b = finite(as_tensor(x, "x"), "x"), finite(as_tensor(decoded, "decoded"), "decoded")
    if a.shape != b.shape or len(a) < 2:
        shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise InputError(f"x and decoded must have one shape and at least 2 rows, got {shapes}")
    a, b = a.flatten(1).double(), b.flatten(1).double()
    return reconstruction_of((a - b).square().mean(1), (a - a.mean(0)).square().mean(1))


def reconstruction_of(error: Float[Tensor, " n"], spread: Float[Tensor, " n"]) -> Reconstruction:
    """Return the same from every row's mean squared error and mean squared distance to the mean row, for streamed data.

    Raises:
        InputError: the rows do not spread at all.
    """
    if float(spread.sum()) == 0:
        raise InputError("all observations are the same; give data that varies")
    explained = 1 - float(error.mean() / spread.mean())
    residual = error - (1 - explained) * spread
    ratio_stderr = float(residual.std() / spread.mean()) / len(error) ** 0.5
    return Reconstruction(mean_of_rows(error), Estimate(explained, stderr=ratio_stderr, n=len(error)), error)
