"""What predictors learn from: standardised codes, rows to train on and rows held out."""

import numpy as np
from jaxtyping import Float, Int

HELD_OUT = 3
"""One row in so many is held out."""


def split_rows(
    column: Int[np.ndarray, " n"], seed: int, *, one_in: int = HELD_OUT
) -> tuple[Int[np.ndarray, " train"], Int[np.ndarray, " test"]]:
    """Return rows to learn from and rows held out, so that every value gets its share of both.

    The rows of every value are shuffled, and the 2nd, 5th, 8th … (for one in 3) are held out. So a value is always
    learned, and is always tested if it occurs twice.

    Args:
        column: values of one factor, in the order of the rows; all alike for a plain random split.
        seed: seed of the shuffle.
        one_in: hold out one row in so many, at least 2.

    >>> train, test = split_rows(np.array([5, 5, 7, 7, 7, 9]), seed=0)
    >>> np.array([5, 5, 7, 7, 7, 9])[train].tolist(), np.array([5, 5, 7, 7, 7, 9])[test].tolist()
    ([5, 7, 7, 9], [5, 7])
    """
    shuffled = np.random.default_rng(seed).permutation(len(column))
    rows = shuffled[np.argsort(column[shuffled], kind="stable")]
    place = np.arange(len(rows)) - np.searchsorted(column[rows], column[rows])
    test = place % one_in == 1
    return rows[~test], rows[test]


def standardise(codes: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Return every column with mean 0 and variance 1 over the rows; constant columns become 0.

    >>> standardise(np.array([[1.0, 0.1], [3.0, 0.1]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    spread = np.ptp(codes, axis=0)
    # Stretched first, so that squares of tiny or huge codes neither vanish nor overflow.
    centred = (codes - codes.mean(0)) / np.where(spread > 0, spread, 1)
    deviation = centred.std(0)
    return np.where(spread > 0, centred / np.where(deviation > 0, deviation, 1), 0.0)


def deviations(codes: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " d"]:
    """Return the standard deviation of every column as a share of the largest range; constant columns have exactly 0.

    >>> deviations(np.array([[1.0, 0.1], [3.0, 0.1]])).tolist()
    [0.5, 0.0]
    """
    spread = np.ptp(codes, axis=0)
    # Rounding gives a constant column a tiny deviation, so only its range says that it is constant.
    return np.where(spread > 0, (codes / (spread.max() or 1)).std(0), 0.0)
