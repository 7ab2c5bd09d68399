"""The gap between the two units that are best for a factor: what MIG, SAP and DS have in common."""

import numpy as np
from jaxtyping import Float


def best_gaps(matrix: Float[np.ndarray, "m u"]) -> Float[np.ndarray, " m"]:
    """Return the largest entry of every row less the second largest, for at least two columns.

    >>> best_gaps(np.array([[0.5, 0.25, 1.0], [2.0, 2.0, 0.0]])).tolist()
    [0.5, 0.0]
    """
    first_two = np.sort(matrix, axis=1)[:, -2:]
    gaps: Float[np.ndarray, " m"] = first_two[:, 1] - first_two[:, 0]
    return gaps
