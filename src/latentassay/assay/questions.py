"""Questions about any model: what comes back, which units are alive, and who moves whom."""

import torch

from latentassay.assay.context import Context
from latentassay.core.findings import Finding, Level, Score, Section
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.metrics.quality.reconstruction import Reconstruction, reconstruction_of
from latentassay.responses import ResponseGraph, response_graph, traversals
from latentassay.sampling import decode

PICTURES = 12
STEPS, TAIL = 11, 0.01
"""Pictures of a traversal, and the share of values beyond its ends."""

TRAVERSED = 24, 4
"""Units that are traversed, at most and at least."""


def traversals_least(context: Context) -> int | None:
    """Passes that traversals take at least; decoding alone is half of one. Channels are not traversed."""
    return min(len(_scalars(context)), TRAVERSED[1]) * STEPS // 2 if _scalars(context) else None


def _scalars(context: Context) -> list[int]:
    """Alive units of one latent."""
    return [j for j in context.causal.active if len(context.matrix.units.groups[j]) == 1]


def ask_reconstruction(context: Context) -> Section:
    """How much of the data comes back?"""
    found = _streamed(context)
    scores = (
        Score(
            "reconstruction.explained",
            "Variance explained",
            found.explained,
            "1 − Σ(x − x̂)² / Σ(x − x̄)² with x̂ = D(E(x)), both mean coder outputs",
            context.n,
            context.seed,
            *found.explained_interval,
            unit="%",
        ),
        Score(
            "reconstruction.mse",
            "Mean squared error",
            found.mse,
            "mean over rows and values of (x − x̂)²",
            context.n,
            context.seed,
            *found.mse_interval,
        ),
    )
    level: Level = "good" if found.explained >= 0.9 else "note" if found.explained >= 0.6 else "warning"
    finding = Finding(
        "reconstruction",
        f"Reconstructions keep {scores[0]} of the variance of the data.",
        level,
        ("reconstruction.explained",),
        None if level == "good" else "Train longer, give the latent more units, or lower β if it is above 1.",
    )
    arrays = {
        "originals": context.x(slice(PICTURES)).numpy(),
        "reconstructions": decode(context.model, context.codes.mean[:PICTURES]).numpy(),
        "error_per_sample": found.per_sample.numpy(),
    }
    return Section("reconstruction", "Reconstruction", "How much of the data comes back?", scores, (finding,), arrays)


def _streamed(context: Context) -> Reconstruction:
    """Reconstruction error in two passes over the rows, the first for their mean; pictures are never all in memory."""
    parts = [slice(start, start + context.batch_size) for start in range(0, context.n, context.batch_size)]
    mean = sum((context.x(part).double().sum(0) for part in parts), torch.zeros(())) / context.n
    error, spread = [], []
    for part in parts:
        x, decoded = context.x(part), decode(context.model, context.codes.mean[part], batch_size=context.batch_size)
        error.append((x - decoded).double().square().flatten(1).mean(1))
        spread.append((x.double() - mean).square().flatten(1).mean(1))
    return reconstruction_of(torch.cat(error), torch.cat(spread))


def ask_units(context: Context) -> Section:
    """Which units are alive?"""
    causal, matrix = context.causal, context.matrix
    total, response = len(matrix.units), matrix.normalized.diagonal()
    stderr = matrix.normalized_stderr.diagonal()
    spread = matrix.units.total(context.codes.mean.double().var(0, keepdim=True))[0]
    varied = int((spread > 0.01).sum())
    alive = Score(
        "units.alive",
        "Alive (causal) units",
        causal.dimension,
        f"units whose normalized diagonal response is at least {causal.threshold:.3f} (LR 4.1: M_jj ≥ 0.5 at σ = 1); "
        "the interval counts units that are alive beyond doubt, and that may be",
        context.n,
        context.seed,
        causal.low,
        causal.high,
    )
    varying = Score(
        "units.varying",
        "Units whose mean varies",
        varied,
        "units with Var E[z|x] > 0.01 (active units of Burda et al. 2016); says what the encoder sends, "
        "not what the decoder uses",
        context.n,
        context.seed,
    )
    scores, findings = [alive, varying], [_alive_finding(context, alive)]
    if causal.dimension:
        scores.append(_strength(context))
        findings.append(_strength_finding(scores[-1]))
    arrays = {
        "mean_std": spread.sqrt().numpy(),
        "posterior_std": matrix.units.squared_norm(context.codes.std).mean(0).sqrt().numpy(),
        "response": response.numpy(),
        "response_stderr": stderr.numpy(),
    }
    if context.model.prior and bool((context.codes.std > 0).all()):
        marginals = DiagonalGaussian(context.codes.mean, context.codes.std)
        arrays["kl"] = matrix.units.total(marginals.kl_per_latent()).mean(0).numpy()
    details = {"labels": context.labels, "alive": list(causal.mask), "threshold": causal.threshold, "total": total}
    return Section("units", "Units", "Which units are alive?", tuple(scores), tuple(findings), arrays, details)


def _alive_finding(context: Context, alive: Score) -> Finding:
    causal, total = context.causal, len(context.matrix.units)
    doubt = f" ({causal.low} beyond doubt, at most {causal.high})" if causal.low < causal.high else ""
    brief = f"{causal.dimension or 'none'} of {total} units {'is' if causal.dimension < 2 else 'are'} alive"
    sentence = f"{brief[0].upper()}{brief[1:]}{doubt}; that is the intrinsic dimension."
    state = [(0 if on else 1 if answers else 2) for on, answers in zip(causal.mask, context.answers, strict=True)]
    faint, dead = ([label for label, of in zip(context.labels, state, strict=True) if of == kind] for kind in (1, 2))
    level: Level = "note"
    if causal.dimension == 0:
        level, remedy = "problem", "Lower β or warm it up from 0, and check the encoder."
        sentence = f"None of {total} units is alive: the decoder ignores the latent (posterior collapse)."
    elif causal.dimension == total:
        remedy = "No unit is idle; more units may help reconstruction."
    else:
        remedy = _idle(faint, dead)
    return Finding("units.alive", sentence, level, (alive.name,), remedy, brief)


def _idle(faint: list[str], dead: list[str]) -> str:
    """What to do about units that are not alive.

    >>> _idle(["3"], [])
    'Faint: 3. A change of them comes back in part, so they are used: do not drop them, do not trust them alone.'
    """
    told = []
    if dead:
        told.append(f"Dead: {', '.join(dead)}. They can be dropped or ignored; lower β if you want them used.")
    if faint:
        advice = "A change of them comes back in part, so they are used: do not drop them, do not trust them alone."
        told.append(f"Faint: {', '.join(faint)}. {advice}")
    return " ".join(told)


def _strength(context: Context) -> Score:
    active = list(context.causal.active)
    values = context.matrix.normalized.diagonal()[active]
    stderr = float(context.matrix.normalized_stderr.diagonal()[active].square().sum().sqrt()) / len(active)
    mean = float(values.mean())
    return Score(
        "units.strength",
        "Response strength of alive units",
        mean,
        "mean over alive units of M_jj / (√2 σ_j): 1 if the encoder reads back exactly what the decoder was given",
        context.n,
        context.seed,
        mean - 1.96 * stderr,
        mean + 1.96 * stderr,
    )


def _strength_finding(strength: Score) -> Finding:
    level: Level = "good" if strength.value >= 0.85 else "note" if strength.value >= 0.65 else "warning"
    sentence = f"A change of an alive unit comes back at {strength} of its size."
    remedy = None if level == "good" else "The coders disagree off the data; consistency training brings them together."
    return Finding("units.strength", sentence, level, (strength.name,), remedy)


def ask_responses(context: Context) -> Section:
    """What does changing one unit do to the others?"""
    matrix, active = context.matrix, list(context.causal.active)
    inner = matrix.normalized[active][:, active]
    off = ~torch.eye(len(active), dtype=torch.bool)
    scores: tuple[Score, ...] = ()
    if len(active) > 1:
        stderr = float(matrix.normalized_stderr[active][:, active][off].square().mean().sqrt())
        mean = float(inner[off].mean())
        scores = (
            Score(
                "responses.leakage",
                "Mean response of other units",
                mean,
                "mean off-diagonal entry of M_jk / (√2 σ_k) over alive units: 0 if every unit moves alone "
                "(the interval is that of one entry, a bound for the mean)",
                context.n,
                context.seed,
                max(0.0, mean - 1.96 * stderr),
                mean + 1.96 * stderr,
            ),
        )
    arrays = {
        "matrix": matrix.matrix.numpy(),
        "normalized": matrix.normalized.numpy(),
        "stderr": matrix.normalized_stderr.numpy(),
        "used": torch.tensor(matrix.used).numpy(),
    }
    details = {"labels": context.labels, "alive": list(context.causal.mask)}
    question = "What does a change of one unit do to the others?"
    return Section("responses", "Latent response matrix", question, scores, (), arrays, details)


def ask_graph(context: Context) -> Section:
    """Which units belong together?"""
    graph = response_graph(context.matrix)
    edges = Score(
        "graph.edges",
        "Edges",
        len(graph.edges),
        f"ordered pairs of alive units with M_jk / (√2 σ_k) ≥ {graph.threshold} and above twice its standard error",
        context.n,
        context.seed,
    )
    arrays = {
        "edges": torch.tensor([[e.source, e.target] for e in graph.edges]).reshape(-1, 2).numpy(),
        "weights": torch.tensor([e.weight for e in graph.edges]).numpy(),
        "pairs": torch.tensor(graph.pairs).reshape(-1, 2).numpy(),
    }
    details = {"labels": context.labels, "alive": list(context.causal.mask), "threshold": graph.threshold}
    findings = tuple(_variable_finding(context, group) for group in graph.variables if len(group) > 1)
    if not findings and len(graph.nodes) > 1:
        findings = (_no_variable_finding(graph),)
    return Section("graph", "Response graph", "Which units belong together?", (edges,), findings, arrays, details)


def _no_variable_finding(graph: ResponseGraph) -> Finding:
    if not graph.edges:
        sentence = "No alive unit moves another: each can be changed on its own."
        return Finding("graph", sentence, "good", ("graph.edges",), brief="each can be changed on its own")
    possible, reach = len(graph.nodes) * (len(graph.nodes) - 1), max(edge.weight for edge in graph.edges)
    sentence = (
        f"No two alive units form one variable, but {len(graph.edges)} of {possible} possible one-way responses reach "
        f"{graph.threshold:.2g} or more (at most {reach:.2f})."
    )
    remedy = "Intervene on the source of an arrow and expect its targets to follow."
    return Finding("graph", sentence, "note", ("graph.edges",), remedy, "no two of them form one variable")


def _variable_finding(context: Context, group: tuple[int, ...]) -> Finding:
    names = [context.labels[j] for j in group]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    if len(group) == 2:
        sentence = f"Units {listed} form one variable: each moves the other about equally."
        remedy, brief = "Intervene on them, and sample them, together.", f"units {listed} form one variable"
        return Finding("graph.pair", sentence, "note", ("graph.edges",), remedy, brief)
    sentence = f"Units {listed} are entangled: they move each other about equally, and none changes alone."
    remedy = "Read them as one variable of several dimensions, or raise β to separate them."
    brief = f"{len(group)} units are entangled"
    return Finding("graph.entangled", sentence, "warning", ("graph.edges",), remedy, brief)


def ask_traversals(context: Context) -> Section:
    """What does each alive unit control?"""
    order = sorted(_scalars(context), key=lambda j: -float(context.matrix.normalized[j, j]))
    order = order[: max(TRAVERSED[1], min(TRAVERSED[0], 2 * context.passes // STEPS))]
    units = [context.matrix.units.groups[j] for j in order]
    found = traversals(
        context.model,
        context.z,
        units=units,
        base=context.centre,
        steps=STEPS,
        tail=TAIL,
        batch_size=context.batch_size,
    )
    arrays = {"images": found.images.numpy(), "values": found.values.numpy()}
    details = {"labels": [context.labels[j] for j in order], "order": "most responsive unit first"}
    question = (
        "What does each alive unit control, from its 1 % to its 99 % quantile, around the most central real code?"
    )
    return Section("traversals", "Traversals", question, arrays=arrays, details=details)
