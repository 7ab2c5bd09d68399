"""Data of known cause and effect: four variables of a structural causal model."""

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.randomness import as_seed
from latentassay.data.factors import FactorData

GRAPHS: dict[str, tuple[tuple[int, int], ...]] = {
    "chain": ((0, 1), (1, 2), (2, 3)),
    "fork": ((0, 1), (0, 2), (0, 3)),
    "collider": ((0, 3), (1, 3), (2, 3)),
}
"""Edges (parent, child) of the graphs by name; parents come before their children."""

UNITS = 4
"""Variables of every graph."""


def scm(graph: str, n: int = 10_000, *, noise: float | int = 0.5, generator: Generator | int = 0) -> FactorData:
    """Draw from a structural causal model: float32 vectors (n, 4), one value for each variable, without factors.

    ``Z_i = Σ_j [tanh(1.5 Z_j) + ½ (Z_j² − 1)] / √parents + noise · ε_i`` over the parents j of i, and ``Z_i = ε_i``
    where there are none, ε ~ N(0, 1); every variable is divided by its standard deviation before it is passed on.

    Raises:
        InputError: an unknown graph, fewer than two rows, or a noise that is not positive.

    >>> scm("chain", 5)
    FactorData('scm-chain', n=5, x_shape=(4,), factors=[])
    """
    if graph not in GRAPHS:
        raise InputError(f"graph must be one of {', '.join(GRAPHS)}, got {graph!r}")
    if n < 2 or noise <= 0:
        raise InputError(f"scm needs at least two rows and a positive noise, got {n} and {noise}")
    rng = np.random.default_rng(as_seed(generator))
    z = np.empty((n, UNITS))
    for i in range(UNITS):
        parents = z[:, [parent for parent, child in GRAPHS[graph] if child == i]]
        own = rng.standard_normal(n)
        z[:, i] = own if parents.size == 0 else _mechanism(parents) + noise * own
        z[:, i] /= z[:, i].std()
    return FactorData(z.astype(np.float32), np.empty((n, 0), int), (), (), name=f"scm-{graph}")


def adjacency(graph: str) -> Int[np.ndarray, "u u"]:
    """Return 1 from parent (row) to child (column), and 0 elsewhere.

    >>> adjacency("chain")[0].tolist()
    [0, 1, 0, 0]
    """
    matrix = np.zeros((UNITS, UNITS), int)
    matrix[tuple(zip(*GRAPHS[graph], strict=True))] = 1
    return matrix


def _mechanism(parents: Float[np.ndarray, "n p"]) -> Float[np.ndarray, " n"]:
    moved: Float[np.ndarray, " n"] = (np.tanh(1.5 * parents) + 0.5 * (parents**2 - 1)).sum(1)
    scaled: Float[np.ndarray, " n"] = moved / np.sqrt(parents.shape[1])
    return scaled
