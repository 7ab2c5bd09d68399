"""Which units belong together?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.wording import listing
from latentassay.core.findings import Finding, Picture, Score
from latentassay.responses import response_graph


@dataclass(frozen=True)
class GraphEvidence:
    """The response graph of the alive units.

    Attributes:
        edges: source and target of every edge, ``(e, 2)``.
        weights: normalized response along every edge, ``(e,)``.
        pairs: units that move each other about equally, ``(p, 2)``.
        nodes: units that are alive, ``(a,)``.
        variables: groups of units that form one variable.
        labels: name of every unit.
        threshold: response from which there is an edge.
    """

    edges: Int[np.ndarray, "e 2"]
    weights: Float[np.ndarray, " e"]
    pairs: Int[np.ndarray, "p 2"]
    nodes: Int[np.ndarray, " a"]
    variables: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    threshold: float


def passes_needed(context: Context) -> int | None:
    """The matrix is there; without alive units it has no graph."""
    return 0 if context.causal.dimension else None


def measure(context: Context) -> GraphEvidence:
    """Read the graph off the response matrix."""
    graph = response_graph(context.matrix)
    return GraphEvidence(
        edges=np.array([[edge.source, edge.target] for edge in graph.edges], dtype=np.int64).reshape(-1, 2),
        weights=np.array([edge.weight for edge in graph.edges], dtype=np.float32),
        pairs=np.array(graph.pairs, dtype=np.int64).reshape(-1, 2),
        nodes=np.flatnonzero(context.causal.mask),
        variables=tuple(tuple(group) for group in graph.variables),
        labels=tuple(context.labels),
        threshold=graph.threshold,
    )


def judge(evidence: GraphEvidence, context: Context) -> Judgement:
    """Name the units that form one variable."""
    edges = Score(
        "graph.edges",
        "Edges",
        len(evidence.edges),
        f"ordered pairs of alive units with M_jk / (√2 σ_k) ≥ {evidence.threshold} and above twice its standard error",
        n=context.n,
        seed=context.seed,
    )
    several = [group for group in evidence.variables if len(group) > 1]
    findings = [_variable_finding([evidence.labels[j] for j in group]) for group in several]
    if not findings and len(evidence.nodes) > 1:
        findings = [_no_variable_finding(evidence)]
    return Judgement((edges,), tuple(findings))


def _no_variable_finding(evidence: GraphEvidence) -> Finding:
    if not len(evidence.edges):
        sentence = "No alive unit moves another: each can be changed on its own."
        return Finding("graph", sentence, "good", ("graph.edges",), brief="each can be changed on its own")
    possible, most = len(evidence.nodes) * (len(evidence.nodes) - 1), float(evidence.weights.max())
    sentence = (
        f"No two alive units form one variable, but {len(evidence.edges)} of {possible} possible one-way responses "
        f"reach {evidence.threshold:.2g} or more (at most {most:.2f})."
    )
    remedy = "Intervene on the source of an arrow and expect its targets to follow."
    return Finding("graph", sentence, "note", ("graph.edges",), remedy=remedy, brief="no two of them form one variable")


def _variable_finding(names: list[str]) -> Finding:
    units = listing(names)
    if len(names) == 2:
        sentence = f"Units {units} form one variable: each moves the other about equally."
        remedy, brief = "Intervene on them, and sample them, together.", f"units {units} form one variable"
        return Finding("graph.pair", sentence, "note", ("graph.edges",), remedy=remedy, brief=brief)
    sentence = f"Units {units} are entangled: they move each other about equally, and none changes alone."
    remedy = "Read them as one variable of several dimensions, or raise β to separate them."
    return Finding(
        "graph.entangled",
        sentence,
        "warning",
        ("graph.edges",),
        remedy=remedy,
        brief=f"{len(names)} units are entangled",
    )


def figures(evidence: GraphEvidence) -> Iterator[Picture]:
    """Yield the graph as a circle."""
    yield Picture(
        "circle",
        "Response graph",
        "An arrow leads from the unit intervened on to a unit that moves with it; the wider, the further. "
        "Units that move each other about equally form one variable of two dimensions and share a band.",
        partial(
            plots.response_graph,
            evidence.nodes.tolist(),
            evidence.edges,
            evidence.weights,
            evidence.pairs,
            evidence.labels,
        ),
    )


QUESTION = Question(
    key="graph",
    title="Response graph",
    text="Which units belong together?",
    evidence=GraphEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
)
