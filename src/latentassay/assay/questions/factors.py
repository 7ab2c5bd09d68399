"""Do the axes mean anything?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.maps import shown_units
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.sharing import SHARED, Sharing, as_columns, judge_sharing, shared_finding
from latentassay.assay.wording import span
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Level, Picture, Score
from latentassay.core.labels import row_numbers
from latentassay.core.levels import GRAVE, grade, worst
from latentassay.core.observations import FactoredObservations, groups_varying
from latentassay.metrics import METRICS, Panel, join_panels, score
from latentassay.metrics.arrays import rare_factors
from latentassay.metrics.disentanglement.shared import shared_units
from latentassay.responses import (
    ConditionedMatrix,
    causal_completeness,
    causal_disentanglement,
    conditioned_response_matrix,
)
from latentassay.responses.conditioned import FIRST

HALVES = 12
"""Random halves for the intervals of the panel."""

GAP = Bounds(1.0, 0.5, 0.2, "mutual information gap; 1 where every factor has a unit to itself")
"""MIG down to which axes mean something, and below which they single out no factors."""


LITTLE = 0.05
"""Share of a factor's entropy below which nothing worth a name is told of it."""

IGNORED = {state: f", though {state}" for state in ("dead", "collapsed")}
"""What is said of a unit that knows a factor, but that the decoder ignores, by its state in the ledger."""

Row = tuple[str, str, Estimate, str, int, str]
"""A score before it knows its seed: name, label, estimate, definition, n, unit."""


@dataclass(frozen=True)
class FactorsEvidence:
    """What units know of factors, and how factors move them, for ``m`` factors that vary.

    Attributes:
        information: mutual information as a share of the factor's entropy, ``(m, u)``.
        importance: DCI importances, ``(m, u)``; ``None`` where values are too rare to learn.
        conditioned: response of units while only one factor varies, ``(m, u)``; ``None`` where that was not measured.
        alive: which units are, ``(u,)``.
        factor_names: of the factors.
        labels: name of every unit.
        panel: every score of the panel, as ``(name, label, estimate, definition, n, unit)``.
        causal: likewise CDS and CCS.
        left_out: labels of metrics that these factors do not allow.
        rare: factors that take more values than the rows can teach.
        rows: how many rows were encoded.
        passes_short: passes that CDS and CCS would have taken, where that was too much.
        best: the factor that every unit that is used tells most of, of those that are not rare.
        second: the factor that it tells most of besides.
        besides: share of the second factor's entropy that it tells, without what the best factor tells of it.
        asked: labels of these units.
        states: of all units, as the ledger has them.
    """

    information: Float[np.ndarray, "m u"]
    importance: Float[np.ndarray, "m u"] | None
    conditioned: Float[np.ndarray, "m u"] | None
    alive: Bool[np.ndarray, " u"]
    factor_names: tuple[str, ...]
    labels: tuple[str, ...]
    panel: tuple[Row, ...]
    causal: tuple[Row, ...]
    left_out: tuple[str, ...]
    rare: tuple[str, ...]
    rows: int
    passes_short: int | None
    best: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    besides: tuple[Estimate, ...] = ()
    asked: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


def passes_needed(context: Context) -> int | None:
    """Codes that are there can always be scored; needs factors that are known and vary, and two units or more."""
    data = context.data
    if not isinstance(data, FactoredObservations) or len(context.matrix.units) < 2 or not context.ledger.live:
        return None
    return 0 if _varying(data.factors[context.scored.numpy()]) else None


def _varying(factors: np.ndarray) -> list[int]:
    """Columns that vary and do not number the rows."""
    numbers = set(row_numbers(factors))
    return [m for m in range(factors.shape[1]) if len(np.unique(factors[:, m])) > 1 and m not in numbers]


def measure(context: Context) -> FactorsEvidence | None:
    """Score the codes of as many rows as can be encoded, and let single factors move the units."""
    data = context.data
    if not isinstance(data, FactoredObservations):
        return None
    # Encoding alone is half a pass; a quarter of all may go there, the rest to responses while one factor varies.
    rows = context.scored[: context.n + context.passes // 2]
    factors = data.factors[rows.numpy()]
    varying = _varying(factors)
    if not varying:
        return None
    unique = tuple(data.factor_names[m] for m in row_numbers(factors))
    names, factors = tuple(data.factor_names[m] for m in varying), factors[:, varying]
    panel = _panel(context, rows, factors)
    moved = _measure_conditioned(context, data, varying)
    first_round = _first_round(context, data, varying)
    return FactorsEvidence(
        information=panel.found["mig"].information,
        importance=panel.found["dci"].importance if "dci" in panel.found else None,
        conditioned=None if moved is None else _of_all_units(context, moved),
        alive=context.live_mask.numpy(),
        factor_names=names,
        labels=tuple(context.ledger.labels()),
        panel=tuple((s.name, s.label, s.estimate, s.definition, s.n, s.unit) for s in panel),
        causal=() if moved is None else _causal_rows(context, moved),
        left_out=tuple(METRICS[name].label for name in METRICS if name not in panel.found),
        rare=(*(names[m] for m in rare_factors(factors)), *unique),
        rows=len(factors),
        passes_short=first_round if first_round > context.passes else None,
        states=tuple(entry.state for entry in context.ledger.entries),
        **_sharing(context, rows, factors, names),
    )


def _sharing(context: Context, rows: torch.Tensor, factors: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """What units that are used tell of a second factor; factors too rare to learn are left out."""
    rare = rare_factors(factors)
    kept = [m for m in range(factors.shape[1]) if m not in rare]
    if len(kept) < 2:
        return {}
    codes, groups = as_columns(context.codes_of(rows), context.matrix.units, context.seed)
    found = shared_units(codes, factors[:, kept], units=groups)
    used = context.ledger.of("alive", "twin", "entangled", "redundant", "faint")
    return {
        "best": tuple(names[kept[found.best[unit]]] for unit in used),
        "second": tuple(names[kept[found.second[unit]]] for unit in used),
        "besides": tuple(found.besides[unit] for unit in used),
        "asked": tuple(context.ledger.labels(used)),
    }


def _panel(context: Context, rows: torch.Tensor, factors: np.ndarray) -> Panel:
    """All metrics of posterior means: intervals for those that are quick; DCI, which is costly, has none."""
    codes, units = context.codes_of(rows), context.matrix.units.groups
    quick = [name for name in METRICS if not METRICS[name].costly]
    costly = [name for name in METRICS if name not in quick]
    found = score(codes, factors, metrics=quick, units=units, resamples=HALVES, seed=context.seed)
    # MIG always has an answer here, so that what is raised is a metric's fault, and not that these factors allow none.
    slow = score(codes, factors, metrics=["mig", *costly], units=units, seed=context.seed)
    return join_panels([found, replace(slow, scores=tuple(one for one in slow if one.name != "mig"))])


def _measure_conditioned(context: Context, data: FactoredObservations, varying: list[int]) -> ConditionedMatrix | None:
    """Conditioned matrix over the causal units; ``None`` where a factor never varies alone or is the only one."""
    constant = int((data.factors == data.factors[0]).all(0).sum())
    if len(varying) < 2 or len(varying) < len(data.factor_names) - constant:
        return None
    if _first_round(context, data, varying) > context.passes:
        return None
    if not all(groups_varying(data.factors, m, limit=1) for m in varying):
        return None
    return conditioned_response_matrix(
        context.model,
        _Varying(data, varying),
        generator=context.generator("factors"),
        units=context.alive,
        groups_per_factor=context.groups,
        precision=context.precision,
        budget=context.seconds / 2,
        batch_size=context.batch_size,
    )


def _first_round(context: Context, data: FactoredObservations, varying: list[int]) -> int:
    """Passes that the conditioned matrix takes whatever its budget: a few groups of every factor, all alive units."""
    return FIRST * sum(data.factor_sizes[m] for m in varying) * (len(context.alive) + 1)


class _Varying:
    """The data with the factors that vary."""

    def __init__(self, data: FactoredObservations, kept: list[int]):
        self.x_shape, self.batch = data.x_shape, data.batch
        self.factors = data.factors[:, kept]
        self.factor_names = tuple(data.factor_names[m] for m in kept)
        self.factor_sizes = tuple(data.factor_sizes[m] for m in kept)

    def __len__(self) -> int:
        return len(self.factors)


def _of_all_units(context: Context, moved: ConditionedMatrix) -> np.ndarray:
    """The matrix with a column for every unit; those that were not asked about do not move."""
    full = np.zeros((len(moved.matrix), len(context.matrix.units)))
    full[:, list(context.ledger.live)] = moved.matrix.numpy()
    return full


def _causal_rows(context: Context, moved: ConditionedMatrix) -> tuple[Row, ...]:
    """CDS and CCS, with their intervals."""
    n, rows = sum(moved.samples), []
    for name, label, equation, function in (
        ("cds", "Causal disentanglement (CDS)", 7, causal_disentanglement),
        ("ccs", "Causal completeness (CCS)", 13, causal_completeness),
    ):
        found = function(moved)
        definition = (
            f"LR equation {equation}, {found.variant}, causal units only; "
            f"{span(min(moved.groups), max(moved.groups))} groups a factor; "
            "interval by leaving out every group in turn"
        )
        rows.append((name, label, found.score, definition, n, ""))
    return tuple(rows)


def judge(evidence: FactorsEvidence, context: Context) -> Judgement:
    """Say whether axes mean something, and which unit serves which factor."""
    scores = tuple(_score(row, context.seed) for row in (*evidence.panel, *evidence.causal))
    findings = _one_factor(evidence, scores) if len(evidence.factor_names) == 1 else _axes(evidence, scores, context)
    return Judgement(scores, (*findings, *_rare_finding(evidence), *_too_slow_finding(evidence, context)))


def _score(row: Row, seed: int) -> Score:
    name, label, estimate, definition, n, unit = row
    return Score.of(f"factors.{name}", label, estimate, definition, n=n, seed=seed, unit=unit)


def _best_units(evidence: FactorsEvidence) -> tuple[list[str], list[str]]:
    """The unit that tells most about every factor, and how much that is.

    A unit that the decoder ignores can still know a factor: the encoder writes it down, and nothing reads it.
    """
    best = evidence.information.argmax(1)
    states = evidence.states or ("",) * len(evidence.labels)
    shares = [
        f"{100 * evidence.information[m, unit]:.0f} %{IGNORED.get(states[unit], '')}" for m, unit in enumerate(best)
    ]
    return [evidence.labels[unit] for unit in best], shares


def _one_factor(evidence: FactorsEvidence, scores: Sequence[Score]) -> tuple[Finding, ...]:
    (unit,), (share,) = _best_units(evidence)
    # The state of a unit is said of the unit, not of the share of entropy that it tells.
    share, _, state = share.partition(", ")
    name, state = evidence.factor_names[0], f", {state}," if state else ""
    tells = f"Unit {unit}{state} tells most about {name}: {share} of its entropy"
    if float(evidence.information.max()) < LITTLE:
        tells = f"No unit tells much about {name}: the most, unit {unit}{state} tells {share} of its entropy"
    sentence = f"{tells}; {_main_scores(scores)}."
    return (Finding("factors", sentence, "note", ("factors.mig",)),)


def _axes(evidence: FactorsEvidence, scores: Sequence[Score], context: Context) -> tuple[Finding, ...]:
    """The headline is as good as the worse of two: the gap of information, and units that serve several factors."""
    sharing = [
        Sharing(*each) for each in zip(evidence.asked, evidence.best, evidence.second, evidence.besides, strict=True)
    ]
    verdict = judge_sharing(sharing)
    claims = [(scores[0].estimate, GAP), *([(verdict.estimate, SHARED)] if verdict else [])]
    levels = [grade(*claim) for claim in claims]
    level = worst(levels)
    estimate, bounds = claims[levels.index(level)]
    says = _what_axes_do(level, is_shared=bounds is SHARED)
    shared = shared_finding(sharing, verdict) if verdict else None
    headline = Finding(
        "factors",
        f"{says[0].upper()}{says[1:]}: {_main_scores(scores)}.",
        level,
        ("factors.mig",),
        direction=bounds.direction,
        estimate=estimate,
        bounds=bounds,
        remedy=_advice(context) if level in GRAVE else None,
        settle=how_to_settle(estimate, bounds),
        brief=None if level == "unsure" else says,
    )
    return headline, *((shared,) if shared else ()), _units_finding(evidence)


def _what_axes_do(level: Level, *, is_shared: bool) -> str:
    if level == "unsure":
        return "whether the axes mean something is not sure"
    if level in GRAVE:
        return "the axes mix factors" if is_shared else "the axes do not single out the factors"
    return "the axes mean something" if level == "good" else "the axes mean something in part"


def _advice(context: Context) -> str:
    """Advice on training only to what can be trained, and on β only where there is a prior."""
    instead = "read units together, as the response graph joins them"
    if not context.is_trainable:
        return f"{instead[0].upper()}{instead[1:]}."
    return f"{'Raise β, choose' if context.has_prior else 'Choose'} among seeds, or {instead}."


def _units_finding(evidence: FactorsEvidence) -> Finding:
    units, shares = _best_units(evidence)
    listed = ", ".join(
        f"{name} in unit {unit} ({share})"
        for name, unit, share in zip(evidence.factor_names, units, shares, strict=True)
    )
    sentence = f"Best single unit for each factor, with the share of its entropy: {listed}."
    return Finding("factors.units", sentence, "note", ("factors.mig",))


def _main_scores(scores: Sequence[Score]) -> str:
    main = ("factors.mig", "factors.cds", "factors.dci")
    return ", ".join(f"{found.name.split('.')[1].upper()} {found}" for found in scores if found.name in main)


def _rare_finding(evidence: FactorsEvidence) -> tuple[Finding, ...]:
    """Say which factors have too few rows for the metrics that learn their values."""
    if not evidence.rare:
        return ()
    one = len(evidence.rare) == 1
    sentence = (
        f"{', '.join(evidence.left_out)} were left out: {', '.join(evidence.rare)} {'takes' if one else 'take'} more "
        f"values than the {evidence.rows} rows encoded can teach (4 rows a value are needed)."
    )
    remedy = f"Draw more samples, or merge values of {'this factor' if one else 'these factors'}."
    return (Finding("factors.rare", sentence, "note", (), remedy=remedy),)


def _too_slow_finding(evidence: FactorsEvidence, context: Context) -> tuple[Finding, ...]:
    if evidence.passes_short is None:
        return ()
    sentence = (
        f"CDS and CCS were left out: they take {evidence.passes_short:,} decodings and encodings at least, and "
        f"{context.passes:,} could be afforded."
    )
    return (Finding("factors.slow", sentence, "note", (), remedy="Give the assay more time (budget=, or --budget)."),)


def figures(evidence: FactorsEvidence) -> Iterator[Picture]:
    """Yield what units predict and move, every score, and what units tell."""
    shown = shown_units(evidence.alive)
    labels = [evidence.labels[unit] for unit in shown]
    maps = {"importance": evidence.importance, "conditioned": evidence.conditioned}
    maps = {name: matrix[:, shown] for name, matrix in maps.items() if matrix is not None}
    if maps:
        yield Picture(
            "maps",
            "Which unit predicts and which moves which factor",
            "First map: how much each alive unit matters to a predictor of the factor (DCI; rows sum to 1 over all "
            "units, dead ones too). Second: how far interventions on a unit reach when only that factor may change. "
            "A unit high in the first and low in the second varies with the factor but does not move it: a "
            "correlation, not a cause.",
            partial(plots.factor_maps, evidence.factor_names, labels, **maps),
        )
    dots = [row for row in (*evidence.panel, *evidence.causal) if not row[5] and 0 <= row[2] <= 1]
    if len(dots) > 1:
        yield Picture(
            "scores",
            "Every score, and what each is out of 1",
            "All on one scale, but not of one kind: each asks another question, and some cannot reach 1 (discrete SAP "
            "stays near 0.2 for a perfect code of ten levels). The table says which variant every number is.",
            partial(plots.score_dots, [_score(row, 0) for row in dots]),
        )
    yield Picture(
        "information",
        "What each unit tells about each factor",
        "Share of a factor's entropy that one unit alone tells. Two units high in one row share the factor or "
        "repeat each other; the gap between them is what MIG averages.",
        partial(plots.information_map, evidence.information[:, shown], evidence.factor_names, labels),
    )


QUESTION = Question(
    key="factors",
    title="Factors",
    text="Do the axes mean anything?",
    evidence=FactorsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=4,
)
