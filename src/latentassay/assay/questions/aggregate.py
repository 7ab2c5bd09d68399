"""Are the codes of data distributed as the prior says?"""

from collections.abc import Iterator, Sequence
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.ledger import SIGNAL
from latentassay.assay.prior_fit import HEAVY, SHIFT, SPREAD, AggregateEvidence, pair_name, prior_findings
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Picture, Score
from latentassay.evaluation.aggregate import NORMAL, Correlations, aggregate_shape

DRAWN = 4
"""Units drawn in colour."""

OTHERS = 40
"""Units drawn in grey, at most."""

AT = np.linspace(0.01, 0.99, 99)
"""Quantiles that are drawn."""


def passes_needed(context: Context) -> int | None:
    """Codes are there; only of a normal prior is it known how each unit should be distributed."""
    return 0 if context.has_normal_prior else None


def measure(context: Context) -> AggregateEvidence:
    """Compare posterior samples with the prior, unit by unit and pair by pair."""
    std = float(context.model.prior.std) if context.model.prior else 1.0
    samples = _one_latent_of_each(context) / std
    found = aggregate_shape(samples, generator=context.generator("aggregate tails"))
    far = np.array([_how_far(*three) for three in zip(found.shift, found.spread, found.tails, strict=True)])
    drawn = np.argsort(-far, kind="stable")[: DRAWN + OTHERS]
    return AggregateEvidence(
        mean=found.mean.numpy(),
        std=found.std.numpy(),
        shift=found.shift,
        spread=found.spread,
        tails=found.tails,
        **_keep_pairs(found.correlations),
        quantiles=np.quantile(samples.numpy()[:, drawn], AT, axis=0).T,
        drawn=tuple(drawn.tolist()),
        labels=tuple(context.ledger.labels()),
        n=context.n,
    )


def _keep_pairs(found: Correlations) -> dict[str, Any]:
    return {
        "pairs": found.pairs.numpy(),
        "correlation": found.value.numpy(),
        "strength": found.strength,
        "pairs_in_all": found.pairs_in_all,
    }


def _one_latent_of_each(context: Context) -> Float[Tensor, "n u"]:
    """One latent of every unit and row, at the same place of all units: places of one row depend on each other."""
    flat, groups = context.z.flatten(1).double(), context.matrix.units.groups
    at = torch.rand(len(flat), generator=context.generator("aggregate"), dtype=torch.float64)
    columns = [torch.tensor(group)[(at * len(group)).long()] for group in groups]
    return flat.gather(1, torch.stack(columns, 1))


def _how_far(shift: Estimate, spread: Estimate, tails: Estimate) -> float:
    """One number to sort units by: each departure over what is serious of it."""
    parts = [float(shift) / SHIFT.serious]
    if np.isfinite(spread):
        parts.append(float(np.log(spread) / np.log(SPREAD.serious)))
    if np.isfinite(tails):
        parts.append(abs(tails - NORMAL) / (HEAVY.serious - NORMAL))
    return float(max(parts))


def judge(evidence: AggregateEvidence, context: Context) -> Judgement:
    """Say which units depart from the prior, and how."""
    holds_data = any(entry.signal > SIGNAL for entry in context.ledger.entries)
    return Judgement(_scores(evidence, context), prior_findings(evidence, holds_data=holds_data))


def _scores(evidence: AggregateEvidence, context: Context) -> tuple[Score, ...]:
    """The worst of each kind, with the name of the unit in the definition."""
    rows: list[tuple[str, str, Estimate, str]] = []
    for name, label, values, what in (
        ("shift", "Greatest shift of a unit", evidence.shift, "|mean of samples| / std of the prior"),
        (
            "spread",
            "Greatest factor of a unit's spread",
            evidence.spread,
            "std of samples over the prior's, or 1 over that",
        ),
        (
            "tails",
            "Greatest L-kurtosis of a unit",
            evidence.tails,
            "λ₄/λ₂ (Hosking 1990); 0.123 if normal",
        ),
    ):
        k = _largest(values)
        if k is not None:
            rows.append((name, label, values[k], f"{what}, unit {evidence.labels[k]}"))
    if evidence.strength:
        pair = pair_name(evidence, 0)
        rows.append(
            ("correlation", "Strongest correlation of a pair", evidence.strength[0], f"|Pearson|, units {pair}")
        )
    definition = "samples z ~ q(z|x), one a row"
    return tuple(
        Score.of(f"aggregate.{name}", label, value, f"{what}; {definition}", n=evidence.n, seed=context.seed)
        for name, label, value, what in rows
    )


def _largest(values: Sequence[Estimate]) -> int | None:
    known = [k for k, value in enumerate(values) if np.isfinite(value)]
    return max(known, key=lambda k: float(values[k]), default=None)


def figures(evidence: AggregateEvidence) -> Iterator[Picture]:
    """Yield quantiles of the units that depart most over those of the prior."""
    shown = min(DRAWN, len(evidence.drawn))
    labels = [evidence.labels[unit] for unit in evidence.drawn[:shown]]
    rest, prior = evidence.quantiles[shown:], np.array([NormalDist().inv_cdf(at) for at in AT])
    draw = partial(plots.quantile_lines, prior, evidence.quantiles[:shown], labels, others=rest if len(rest) else None)
    yield Picture(
        "quantiles",
        "Codes beside the prior",
        "Quantiles of samples of the units that depart most from the prior, over its own, in its standard deviations. "
        "A line above or below the dashed one is shifted, a steeper one spreads wider, and one that bends away at its "
        "ends has heavier tails (steeper there) or lighter ones (flatter).",
        draw,
    )


QUESTION = Question(
    key="aggregate",
    title="Aggregate posterior and prior",
    text="Are the codes of data distributed as the prior says?",
    evidence=AggregateEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
)
