"""The gap between the two units that are best for a factor: what MIG, SAP and DS have in common."""

import numpy as np
from jaxtyping import Float


def best_gaps(matrix: Float[np.ndarray, "*rows u"]) -> Float[np.ndarray, "*rows"]:
    """Return the largest entry of every row less the second largest, for at least two columns.

    >>> best_gaps(np.array([[0.5, 0.25, 1.0], [2.0, 2.0, 0.0]])).tolist()
    [0.5, 0.0]
    """
    first_two = np.partition(matrix, -2, axis=-1)[..., -2:]
    gaps: Float[np.ndarray, "*rows"] = first_two[..., 1] - first_two[..., 0]
    return gaps


def excess_of_ties(gap: Float[np.ndarray, "*m"], stderr: Float[np.ndarray, "*m"]) -> Float[np.ndarray, "*m"]:
    """Return how much larger a gap is found, on average, than it is, because the larger of two noisy numbers counts.

    Between two that are equal the gap is 0, and what is found is ``|N(0, s²)|``, 0.8 s on average; a gap of 2 s
    is found 0.02 s too large. For a true gap g it is ``2 (s φ(g/s) − g Φ(−g/s))``.

    >>> excess_of_ties(np.array([0.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0])).round(3).tolist()
    [0.798, 0.017, 0.0]
    """
    from scipy.special import ndtr

    spread = np.where(stderr > 0, stderr, 1.0)
    t = gap / spread
    excess = 2 * (np.exp(-np.square(t) / 2) / np.sqrt(2 * np.pi) - t * ndtr(-t))
    return np.where(stderr > 0, spread * excess, 0.0)
