"""How much of the data comes back."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.stats.intervals import Interval, normal


class Reconstruction(NamedTuple):
    """Reconstruction error and explained share of variance.

    Attributes:
        mse: mean squared error per value.
        mse_interval: its 95 % interval over rows.
        explained: 1 − error / variance of the data around their mean, both summed over all values.
        explained_interval: its 95 % interval by the linearised ratio.
        per_sample: mean squared error of every row, ``(n,)``.
    """

    mse: float
    mse_interval: Interval
    explained: float
    explained_interval: Interval
    per_sample: Float[Tensor, " n"]


def reconstruction(x: Tensor, decoded: Tensor) -> Reconstruction:
    """Compare observations with their reconstructions, both ``(n, *x_shape)``.

    Raises:
        InputError: shapes differ, or all observations are the same, so that there is nothing to explain.

    >>> x = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    >>> reconstruction(x, x).explained
    1.0
    """
    if x.shape != decoded.shape or len(x) < 2:
        raise InputError(f"needs two tensors of one shape with at least 2 rows, got {x.shape} and {decoded.shape}")
    a, b = x.flatten(1).double(), decoded.flatten(1).double()
    return reconstruction_of((a - b).square().mean(1), (a - a.mean(0)).square().mean(1))


def reconstruction_of(error: Float[Tensor, " n"], spread: Float[Tensor, " n"]) -> Reconstruction:
    """The same from every row's mean squared error and mean squared distance to the mean row, for streamed data.

    Raises:
        InputError: the rows do not spread at all.
    """
    if float(spread.sum()) == 0:
        raise InputError("all observations are the same; give data that varies")
    explained = 1 - float(error.mean() / spread.mean())
    residual = error - (1 - explained) * spread
    root_n = len(error) ** 0.5
    ratio_stderr = float(residual.std() / spread.mean()) / root_n
    mse_interval = normal(float(error.mean()), float(error.std()) / root_n)
    return Reconstruction(float(error.mean()), mse_interval, explained, normal(explained, ratio_stderr), error)
