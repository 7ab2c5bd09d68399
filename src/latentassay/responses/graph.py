"""The response matrix read as a graph: who moves whom, and which units are one variable (LR 4.1)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.levels import FALSE_DISCOVERIES, discoveries
from latentassay.responses.matrix import ResponseMatrix, causal_units

COUPLED = 0.02
"""Share of a change, squared and in units of spread, up to which another unit may move and is not coupled.

A period that is laid out as a circle couples its two units at 0.04.
"""

STRONG = 0.25
"""And from which they are strongly coupled: a quarter of the square is half of the size."""


class Edge(NamedTuple):
    """A change of unit ``source`` appears in unit ``target`` with the share ``weight`` of its square."""

    source: int
    target: int
    weight: Estimate


class ResponseGraph(NamedTuple):
    """Directed weighted graph over units.

    Attributes:
        nodes: the causal units, or those that were named.
        edges: couplings that surely lie above the threshold, false discoveries controlled over all pairs.
        pairs: units that move each other.
        one_way: ordered pairs of which only the first moves the second.
        variables: the units of pairs joined where they share a unit, plus every single unit.
        threshold: the cut on the squared normalized response.
    """

    nodes: tuple[int, ...]
    edges: tuple[Edge, ...]
    pairs: tuple[tuple[int, int], ...]
    one_way: tuple[tuple[int, int], ...]
    variables: tuple[tuple[int, ...], ...]
    threshold: float


def response_graph(
    m: ResponseMatrix, *, threshold: float = COUPLED, nodes: Sequence[int] | None = None
) -> ResponseGraph:
    """Read a response matrix as a graph of units that move each other.

    An edge j→k stands where the coupling ``M[j,k]² / (2 σ_k²)``, the share of a change of j that appears in k, squared
    and in units of spread, lies above the threshold beyond doubt (one-sided tests at 2.5 %, false discoveries
    controlled by the procedure of Benjamini and Hochberg: over all ordered pairs, and then over the ways back of the
    edges that were found, which are few, so that half of a pair is not taken for one way). Edges both ways make a pair,
    as when a periodic factor is embedded as a circle; edges one way are kept beside them.

    Args:
        m: what ``response_matrix`` returned.
        threshold: coupling from which there is an edge.
        nodes: units that can have edges; the causal ones where left out.

    Raises:
        InputError: ``threshold`` is not positive.
    """
    if threshold <= 0:
        raise InputError(f"threshold must be positive, got {threshold}")
    nodes = causal_units(m).active if nodes is None else tuple(nodes)
    weights, errors = torch.as_tensor(m.coupling).double(), torch.as_tensor(m.coupling_stderr).double()
    ordered = [(j, k) for j in nodes for k in nodes if j != k]
    forward = _surely_above(weights, errors, ordered, threshold)
    backward = _surely_above(weights, errors, [(k, j) for j, k in forward if (k, j) not in set(forward)], threshold)
    found = sorted([*forward, *backward])
    edges = tuple(Edge(j, k, Estimate(float(weights[j, k]), stderr=float(errors[j, k]), n=m.used[j])) for j, k in found)
    there = set(found)
    pairs = tuple((j, k) for j, k in found if j < k and (k, j) in there)
    return ResponseGraph(
        nodes=nodes,
        edges=edges,
        pairs=pairs,
        one_way=tuple((j, k) for j, k in found if (k, j) not in there),
        variables=join_pairs(nodes, pairs),
        threshold=threshold,
    )


def _surely_above(
    weights: torch.Tensor, errors: torch.Tensor, ordered: Sequence[tuple[int, int]], threshold: float
) -> list[tuple[int, int]]:
    """Return the pairs whose coupling exceeds the threshold for sure, of as many as are tested at once."""
    if not ordered:
        return []
    j, k = torch.tensor(ordered).T
    away = (weights[j, k] - threshold) / errors[j, k].clamp(min=1e-300)
    sure = discoveries((0.5 * torch.special.erfc(away / 2**0.5)).tolist(), rate=FALSE_DISCOVERIES / 2)
    return [pair for pair, is_sure in zip(ordered, sure, strict=True) if is_sure]


def join_pairs(nodes: Iterable[int], pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return the connected components of pairs of nodes, in the order of their first node.

    >>> join_pairs([0, 1, 2, 5], [(0, 2)])
    ((0, 2), (1,), (5,))
    """
    component = {node: {node} for node in nodes}
    for j, k in pairs:
        both = component[j] | component[k]
        for node in both:
            component[node] = both
    return tuple(sorted({tuple(sorted(group)) for group in component.values()}))
