"""Entropy and mutual information of discrete columns, from their contingency tables; all in nats."""

from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from latentassay.core.errors import InputError

Binning = Literal["quantile", "width"]


def bin_codes(codes: Float[np.ndarray, "n d"], bins: int, binning: Binning) -> Int[np.ndarray, "n d"]:
    """Number the bin of every code: ``"quantile"`` bins hold equal counts, ``"width"`` bins are equally wide.

    Equal values are never parted, so a column of few values has as many bins as values.

    Raises:
        InputError: fewer than 2 bins, or an unknown way of binning.

    >>> bin_codes(np.array([[0.0], [1.0], [2.0], [30.0]]), 2, "quantile").T.tolist()
    [[0, 0, 1, 1]]
    >>> bin_codes(np.array([[0.0], [1.0], [2.0], [30.0]]), 2, "width").T.tolist()
    [[0, 0, 0, 1]]
    """
    if bins < 2:
        raise InputError(f"bins must be at least 2, got {bins}")
    if binning not in get_args(Binning):
        raise InputError(f"binning must be one of {', '.join(get_args(Binning))}, got {binning!r}")
    return np.stack([_number_bins(column, bins, binning) for column in codes.T], 1)


def _number_bins(column: Float[np.ndarray, " n"], bins: int, binning: Binning) -> Int[np.ndarray, " n"]:
    if binning == "width":
        edges = np.linspace(column.min(), column.max(), bins + 1)[1:-1]
    else:
        edges = np.unique(np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, column, side="right")


def describe_bins(bins: int, binning: Binning) -> str:
    """Say which bins these are, for a table of scores.

    >>> describe_bins(20, "quantile"), describe_bins(10, "width")
    ('20 equal-count bins', '10 equal-width bins')
    """
    return f"{bins} {'equal-count' if binning == 'quantile' else 'equal-width'} bins"


def mutual_information(a: Int[np.ndarray, " n"], b: Int[np.ndarray, " n"]) -> float:
    """``I(a; b) = H(a) + H(b) − H(a, b)`` between two columns of non-negative integers; never negative.

    >>> round(mutual_information(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])), 4)
    0.6931
    """
    joint = np.bincount(a * (int(b.max()) + 1) + b)
    return max(0.0, entropy(a) + entropy(b) - _entropy_of_counts(joint))


def information_matrix(a: Int[np.ndarray, "n d"], b: Int[np.ndarray, "n m"]) -> Float[np.ndarray, "m d"]:
    """Mutual information of every column of ``b`` with every column of ``a``."""
    return np.array([[mutual_information(x, y) for x in a.T] for y in b.T])


def entropy(column: Int[np.ndarray, " n"]) -> float:
    """``H = −Σ p log p`` of a column of non-negative integers.

    >>> round(entropy(np.array([0, 1, 0, 1])), 4)
    0.6931
    """
    return _entropy_of_counts(np.bincount(column))


def _entropy_of_counts(counts: Int[np.ndarray, " k"]) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
