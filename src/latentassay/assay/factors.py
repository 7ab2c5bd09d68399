"""Questions that need known factors: which unit serves which."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from latentassay.assay.context import Context
from latentassay.core.errors import InputError
from latentassay.core.findings import Finding, Level, Score, Section
from latentassay.core.observations import FactoredObservations, groups_varying
from latentassay.metrics import METRICS, Panel, join_panels, score
from latentassay.metrics.arrays import rare_factors
from latentassay.responses import (
    ConditionedMatrix,
    causal_completeness,
    causal_disentanglement,
    conditioned_response_matrix,
)
from latentassay.responses.conditioned import FIRST
from latentassay.stats.intervals import normal

Evidence = tuple[list[Score], dict[str, np.ndarray]]

HALVES = 12
"""Random halves for the intervals of the panel."""


def factors_least(context: Context) -> int | None:
    """Codes that are there can always be scored."""
    return 0 if isinstance(context.data, FactoredObservations) and len(context.matrix.units) > 1 else None


def ask_factors(context: Context) -> Section | None:
    """Do the axes mean anything? Needs data whose factors are known and vary, and two units or more."""
    data = context.data
    if not isinstance(data, FactoredObservations) or len(context.matrix.units) < 2:
        return None
    # Encoding alone is half a pass; a quarter of all may go there, the rest to responses while one factor varies.
    rows = context.scored[: context.n + context.passes // 2]
    factors = data.factors[rows.numpy()]
    varying = [m for m in range(factors.shape[1]) if len(np.unique(factors[:, m])) > 1]
    if not varying:
        return None
    names, factors = [data.factor_names[m] for m in varying], factors[:, varying]
    panel = _panel(context, rows, factors)
    moved, conditioned = _moved_by_units(context, data, varying)
    scores = [replace(score, name=f"factors.{score.name}") for score in panel] + moved
    arrays = {"information": panel.found["mig"].information} | conditioned
    if "dci" in panel.found:
        arrays["importance"] = panel.found["dci"].importance
    details = {"factor_names": names, "labels": context.labels, "alive": list(context.causal.mask)}
    findings = _findings(context, names, arrays["information"], scores) + _unasked(names, factors, panel)
    if _first_round(context, data, varying) > context.passes:
        findings += (_too_slow(context, _first_round(context, data, varying)),)
    return Section("factors", "Factors", "Do the axes mean anything?", tuple(scores), findings, arrays, details)


def _panel(context: Context, rows: Tensor, factors: np.ndarray) -> Panel:
    """All metrics of posterior means: intervals for those that are quick, and DCI, which is not, without."""
    codes, units = context.codes_of(rows), context.matrix.units.groups
    quick = [name for name in METRICS if name != "dci"]
    parts = [score(codes, factors, metrics=quick, units=units, resamples=HALVES, seed=context.seed)]
    with suppress(InputError):  # one factor, or values too rare to learn: said in the findings
        parts.append(score(codes, factors, metrics=["dci"], units=units, seed=context.seed))
    return join_panels(parts)


def _moved_by_units(context: Context, data: FactoredObservations, varying: list[int]) -> Evidence:
    conditioned = _conditioned(context, data, varying)
    if conditioned is None:
        return [], {}
    full = np.zeros((len(varying), len(context.matrix.units)))
    full[:, list(context.causal.active)] = conditioned.matrix.numpy()
    return _causal_scores(context, conditioned), {"conditioned": full}


def _conditioned(context: Context, data: FactoredObservations, varying: list[int]) -> ConditionedMatrix | None:
    """Conditioned matrix over the causal units; ``None`` where a factor never varies alone or is the only one."""
    if len(varying) < 2 or len(varying) < len(data.factor_names) - _constant(data):
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


def _constant(data: FactoredObservations) -> int:
    return int((data.factors == data.factors[0]).all(0).sum())


class _Varying:
    """The data with the factors that vary."""

    def __init__(self, data: FactoredObservations, kept: list[int]):
        self.x_shape, self.batch = data.x_shape, data.batch
        self.factors = data.factors[:, kept]
        self.factor_names = tuple(data.factor_names[m] for m in kept)
        self.factor_sizes = tuple(data.factor_sizes[m] for m in kept)

    def __len__(self) -> int:
        return len(self.factors)


def _causal_scores(context: Context, conditioned: ConditionedMatrix) -> list[Score]:
    n, scores = sum(conditioned.samples), []
    for name, label, equation, function in (
        ("factors.cds", "Causal disentanglement (CDS)", 7, causal_disentanglement),
        ("factors.ccs", "Causal completeness (CCS)", 13, causal_completeness),
    ):
        found, g = function(conditioned), context.generator(name)
        noise = torch.randn(200, *conditioned.matrix.shape, generator=g, dtype=torch.float64)
        draws = [
            function(conditioned._replace(matrix=(conditioned.matrix + conditioned.stderr * e).abs())) for e in noise
        ]
        interval = normal(found.score, float(torch.tensor([draw.score for draw in draws]).std()))
        definition = (
            f"LR equation {equation}, {found.variant}, causal units only; {_span(conditioned.groups)} groups a factor; "
            "interval by redrawing M* within its standard errors"
        )
        scores.append(Score(name, label, found.score, definition, n, context.seed, *interval))
    return scores


def _unasked(names: list[str], factors: np.ndarray, panel: Panel) -> tuple[Finding, ...]:
    """Say which factors have too few rows for the metrics that learn their values."""
    sparse = [names[m] for m in rare_factors(factors)]
    if not sparse:
        return ()
    one = len(sparse) == 1
    missing = [METRICS[name].label for name in METRICS if name not in panel.found]
    sentence = (
        f"{', '.join(missing)} were left out: {', '.join(sparse)} {'takes' if one else 'take'} more values than the "
        f"{len(factors)} rows encoded can teach (4 rows a value are needed)."
    )
    remedy = f"Draw more samples, or merge values of {'this factor' if one else 'these factors'}."
    return (Finding("factors.rare", sentence, "note", (), remedy),)


def _too_slow(context: Context, passes: int) -> Finding:
    sentence = (
        f"CDS and CCS were left out: they take {passes:,} decodings and encodings at least, and "
        f"{context.passes:,} could be afforded."
    )
    return Finding("factors.slow", sentence, "note", (), "Give the assay more time (budget=, or --budget).")


def _span(counts: tuple[int, ...]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _findings(context: Context, names: list[str], known: np.ndarray, scores: list[Score]) -> tuple[Finding, ...]:
    best = known.argmax(1)
    # A dead unit can still know a factor: the encoder writes it down, and the decoder does not read it.
    shares = [
        f"{100 * known[m, unit]:.0f} %{'' if context.causal.mask[unit] else ', though dead'}"
        for m, unit in enumerate(best)
    ]
    if len(names) == 1:
        sentence = (
            f"Unit {context.labels[best[0]]} tells most about {names[0]}: {shares[0]} of its entropy; {_told(scores)}."
        )
        return (Finding("factors", sentence, "note", ("factors.mig",)),)
    gap = scores[0].value
    level: Level = "good" if gap >= 0.5 else "note" if gap >= 0.2 else "warning"
    verdict = {"good": "mean something", "note": "mean something in part", "warning": "mix the factors"}[level]
    remedy = (
        None if level == "good" else "Raise β, or choose among seeds; where axes mix, trust the response graph instead."
    )
    listed = ", ".join(f"{name} in unit {context.labels[best[m]]} ({shares[m]})" for m, name in enumerate(names))
    sentence = f"Best single unit for each factor, with the share of its entropy: {listed}."
    return (
        Finding(
            "factors", f"The axes {verdict}: {_told(scores)}.", level, ("factors.mig",), remedy, f"the axes {verdict}"
        ),
        Finding("factors.units", sentence, "note", ("factors.mig",)),
    )


def _told(scores: list[Score]) -> str:
    short = ("factors.mig", "factors.cds", "factors.dci")
    return ", ".join(f"{score.name.split('.')[1].upper()} {score}" for score in scores if score.name in short)
