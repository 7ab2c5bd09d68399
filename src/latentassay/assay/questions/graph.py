"""Which units belong together?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import add_doubtful, judge_family
from latentassay.assay.ledger import COUPLING, Ledger
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import LISTED, listing
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import GRAVE, Level
from latentassay.responses.graph import COUPLED, join_pairs

NAMED = 3
"""Units that a verdict names; of more it says how many."""


@dataclass(frozen=True)
class GraphEvidence:
    """The response graph of the live units.

    Attributes:
        edges: source and target of every edge, ``(e, 2)``.
        weights: share of a change of the source, squared, that appears in the target, ``(e,)``.
        pairs: units that move each other, ``(p, 2)``.
        nodes: units that answer when they are changed, or that others move, ``(a,)``.
        variables: groups of live units that form one variable by the ledger.
        labels: name of every unit.
        threshold: coupling from which there is an edge.
    """

    edges: Int[np.ndarray, "e 2"]
    weights: Float[np.ndarray, " e"]
    pairs: Int[np.ndarray, "p 2"]
    nodes: Int[np.ndarray, " a"]
    variables: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    threshold: float


def passes_needed(context: Context) -> int | None:
    """The ledger is there; without live units it has no graph."""
    return 0 if context.ledger.live else None


def measure(context: Context) -> GraphEvidence:
    """Read the graph off the ledger."""
    ledger = context.ledger
    edges = sorted([*ledger.one_way, *ledger.mutual, *((k, j) for j, k in ledger.mutual)])
    return GraphEvidence(
        edges=np.array(edges, dtype=np.int64).reshape(-1, 2),
        weights=np.array([float(ledger.coupling[edge]) for edge in edges], dtype=np.float32),
        pairs=np.array(ledger.mutual, dtype=np.int64).reshape(-1, 2),
        # A faint unit answers little when it is changed, and yet others may move it.
        nodes=np.array(sorted({*ledger.live, *(unit for edge in edges for unit in edge)}), dtype=np.int64),
        variables=tuple(group for group in ledger.variables if set(group) <= set(ledger.live)),
        labels=tuple(context.ledger.labels()),
        threshold=COUPLED,
    )


def judge(evidence: GraphEvidence, context: Context) -> Judgement:
    """Name the units that move each other, and those that move others one way."""
    edges = Score(
        "graph.edges",
        "Edges",
        len(evidence.edges),
        f"ordered pairs of live units whose coupling M_jk² / (2 σ_k²) lies above {evidence.threshold} beyond doubt, "
        "false discoveries controlled over all pairs",
        n=max(context.matrix.used),
        seed=context.seed,
    )
    ledger = context.ledger
    findings = [_mutual_finding(group, ledger) for group in _entangled(ledger)]
    if ledger.one_way:
        findings.append(_one_way_finding(ledger))
    if not findings and ledger.pairs:
        findings = [_free_finding(ledger)]
    return Judgement((edges,), tuple(findings))


def _entangled(ledger: Ledger) -> list[tuple[int, ...]]:
    """Groups of units that move each other; twins are said among the units."""
    there = {unit for pair in ledger.mutual for unit in pair if ledger.entries[unit].state == "entangled"}
    return [group for group in join_pairs(sorted(there), _among(ledger.mutual, there)) if len(group) > 1]


def _among(pairs: Iterable[tuple[int, int]], units: set[int]) -> list[tuple[int, int]]:
    return [pair for pair in pairs if set(pair) <= units]


def _mutual_finding(group: tuple[int, ...], ledger: Ledger) -> Finding:
    pairs = [pair for pair in ledger.mutual if set(pair) <= set(group)]
    # A pair is as strong as the weaker way: one strong way alone is a one-way coupling.
    weaker = [min(ledger.couplings([(j, k), (k, j)])) for j, k in pairs]
    graded, names = judge_family(weaker, COUPLING), ledger.labels(group)
    strongest, joined = weaker[graded.worst].scaled(100), any(set(group) <= set(one) for one in ledger.variables)
    one, other = ledger.labels(pairs[graded.worst])
    together = f"Units {listing(names)} move each other"
    if len(group) == 2:
        sentence = f"{together}: {strongest} % of a change of either, squared, appears in the other."
    else:
        sentence = f"{together}: most of all {one} and {other}, at {strongest} % of a change, squared."
    return Finding(
        "graph.entangled",
        sentence,
        graded.level if graded.level != "good" else "note",
        ("graph.edges",),
        subjects=tuple("+".join(ledger.labels(pair)) for pair in pairs),
        direction="above",
        estimate=graded.estimate,
        bounds=COUPLING,
        remedy=f"Change them, and sample them, together{': they form one variable' if joined else ''}."
        if graded.level != "unsure"
        else None,
        settle=how_to_settle(graded.estimate, COUPLING) or _tell_apart(graded.level),
        brief=_brief(names, graded.level, joined=joined),
    )


def _brief(names: list[str], level: Level, *, joined: bool) -> str:
    """A weak coupling does not make one variable of two."""
    who = f"{len(names)} units" if len(names) > NAMED else f"units {listing(names)}"
    moving = f"move each other{'' if level in GRAVE else ' a little'}"
    one = f"{'may ' if level == 'unsure' else ''}form one variable"
    return f"{who} {one if joined else moving}"


def _one_way_finding(ledger: Ledger) -> Finding:
    couplings = ledger.couplings(ledger.one_way)
    graded = judge_family(couplings, COUPLING)
    order = sorted(range(len(couplings)), key=lambda k: -couplings[k])
    listed = [
        f"{ledger.entries[j].label} moves {ledger.entries[k].label} ({couplings[n].scaled(100)} %)"
        for n in order[:LISTED]
        for j, k in [ledger.one_way[n]]
    ]
    more = f", and {len(order) - LISTED} more" if len(order) > LISTED else ""
    shown = order if graded.level != "warning" else sorted(graded.noted)
    is_sure = graded.level != "unsure"
    finding = Finding(
        "graph.one_way",
        f"Some units move others one way, by this share of a change, squared: {listing(listed)}{more}.",
        graded.level if graded.level != "good" else "note",
        ("graph.edges",),
        subjects=tuple(">".join(ledger.labels(ledger.one_way[n])) for n in (shown if is_sure else order[:1])),
        direction="above",
        estimate=graded.estimate,
        bounds=COUPLING,
        remedy="When you change the first of each pair, expect the second to follow." if is_sure else None,
        settle=how_to_settle(graded.estimate, COUPLING) or _tell_apart(graded.level),
    )
    return add_doubtful(finding, [">".join(ledger.labels(ledger.one_way[n])) for n in graded.doubtful])


def _free_finding(ledger: Ledger) -> Finding:
    """No edge is sure; whether all couplings are negligible is another matter."""
    pairs = ledger.pairs
    couplings = ledger.couplings(pairs)
    graded = judge_family(couplings, COUPLING)
    j, k = ledger.labels(pairs[graded.worst])
    sentence, brief = (
        f"No live unit surely moves another, but unit {j} may move unit {k} ({couplings[graded.worst].scaled(100)} %).",
        None,
    )
    if graded.level == "good":
        sentence = "No live unit moves another: each can be changed on its own."
        brief = "each can be changed on its own"
    return Finding(
        "graph",
        sentence,
        graded.level,
        ("graph.edges",),
        estimate=graded.estimate,
        bounds=COUPLING,
        brief=brief,
        settle=how_to_settle(graded.estimate, COUPLING) or _tell_apart(graded.level),
    )


def _tell_apart(level: Level) -> str | None:
    """What to do where no interval reaches across a bound, and yet no member of so many stands out."""
    return "More rows would tell which of them do." if level == "unsure" else None


def figures(evidence: GraphEvidence) -> Iterator[Picture]:
    """Yield the graph as a circle."""
    yield Picture(
        "circle",
        "Response graph",
        "An arrow leads from the unit intervened on to a unit that moves with it; the wider, the further. "
        "Units that move each other share a band.",
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
