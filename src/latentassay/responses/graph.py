"""The response matrix read as a graph: who moves whom, and which units are one variable (LR 4.1)."""

from typing import NamedTuple

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.responses.matrix import ResponseMatrix, causal_units

EDGE = 0.1
"""Smallest normalized response that is drawn as an edge."""


class Edge(NamedTuple):
    """An intervention on unit ``source`` moves unit ``target`` by ``weight`` (normalized response)."""

    source: int
    target: int
    weight: Estimate


class ResponseGraph(NamedTuple):
    """Directed weighted graph over the causal units.

    Attributes:
        nodes: the causal units.
        edges: responses above the threshold and above twice their standard error.
        pairs: units that move each other about equally: two-dimensional variables.
        variables: the same pairs joined where they share a unit, plus every single unit.
        threshold: the cut on the normalized response.
    """

    nodes: tuple[int, ...]
    edges: tuple[Edge, ...]
    pairs: tuple[tuple[int, int], ...]
    variables: tuple[tuple[int, ...], ...]
    threshold: float


def response_graph(m: ResponseMatrix, *, threshold: float = EDGE) -> ResponseGraph:
    """Read a response matrix as a graph of units that move each other.

    An edge j→k stands where the normalized ``M[j,k] ≥ threshold`` and exceeds twice its standard error.
    A pair with edges both ways whose weights differ by at most a factor of two is one two-dimensional
    variable, as when a periodic factor is embedded as a circle.

    Raises:
        InputError: ``threshold`` is not positive.
    """
    if threshold <= 0:
        raise InputError(f"threshold must be positive, got {threshold}")
    nodes = causal_units(m).active
    weight, stderr = m.normalized, m.normalized_stderr
    edges = tuple(
        Edge(j, k, Estimate(float(weight[j, k]), stderr=float(stderr[j, k]), n=m.used[j]))
        for j in nodes
        for k in nodes
        if j != k and weight[j, k] >= threshold and weight[j, k] > 2 * stderr[j, k]
    )
    strength = {(edge.source, edge.target): edge.weight for edge in edges}
    pairs = tuple(
        (j, k) for (j, k), w in strength.items() if j < k and (k, j) in strength and 0.5 <= w / strength[k, j] <= 2
    )
    return ResponseGraph(nodes, edges, pairs, _join(nodes, pairs), threshold)


def _join(nodes: tuple[int, ...], pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, ...], ...]:
    """Connected components of the pairs, in the order of their first unit."""
    component = {node: {node} for node in nodes}
    for j, k in pairs:
        both = component[j] | component[k]
        for node in both:
            component[node] = both
    return tuple(sorted({tuple(sorted(group)) for group in component.values()}))
