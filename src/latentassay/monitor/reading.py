"""What is kept of one assay while training goes on: a few estimates, and the units by name."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from latentassay.assay import Assay
from latentassay.assay.questions.units import UnitsEvidence
from latentassay.core.estimate import Estimate
from latentassay.core.levels import Level

FEWEST = 16
"""Rows that every unit must rest on to be followed: of a few, all may say the same by chance, without an error."""


@dataclass(frozen=True)
class Unit:
    """One unit at one step.

    Attributes:
        label: its name.
        state: its state in the ledger.
        signal: share of the variance of its code that is that of the data, the rest being the posterior's noise.
        response: share of a change of it, root mean squared, that comes back.
    """

    label: str
    state: str
    signal: float
    response: Estimate


@dataclass(frozen=True)
class Reading:
    """One assay of a model in training.

    Attributes:
        step: optimiser steps that had been taken.
        seconds: what the assay and all about it cost.
        budget: what it was given.
        findings: key and level of every finding.
        numbers: every score by its name.
        units: all units, or none where they were not asked about, or of fewer than 16 rows.
        alive: how many units are alive; the interval counts those that are beyond doubt, and that may be.
        holes: share of samples in holes, of the prior's or of hybrids; ``None`` where it was not measured.
    """

    step: int
    seconds: float
    budget: float
    findings: dict[str, Level]
    numbers: dict[str, Estimate]
    units: tuple[Unit, ...]
    alive: Estimate | None
    holes: Estimate | None


def read(assay: Assay, *, step: int, seconds: float, budget: float) -> Reading:
    """Take out of an assay what is followed over steps."""
    numbers = {name: score.estimate for name, score in assay.scores.items() if math.isfinite(score.value)}
    evidence = next((s.evidence for s in assay.sections if isinstance(s.evidence, UnitsEvidence)), None)
    if assay.meta.used[0] < FEWEST:
        evidence = None
    return Reading(
        step=step,
        seconds=seconds,
        budget=budget,
        findings={finding.key: finding.level for finding in reversed(assay.findings)},
        numbers=numbers,
        units=() if evidence is None else _units(evidence),
        alive=None if evidence is None else evidence.dimension,
        holes=numbers.get("holes.prior", numbers.get("holes.hybrid")),
    )


def _units(evidence: UnitsEvidence) -> tuple[Unit, ...]:
    return tuple(
        Unit(label, state, signal, Estimate(response, stderr=stderr))
        for label, state, signal, response, stderr in zip(
            evidence.labels,
            evidence.states,
            evidence.expected.tolist(),
            evidence.response.tolist(),
            evidence.response_stderr.tolist(),
            strict=True,
        )
    )


def row(reading: Reading, *, share: float, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return a reading as a line of ``monitor.jsonl``: numbers with both ends, states, levels of findings, warnings."""
    numbers = {name: _number(value) for name, value in reading.numbers.items()}
    return {
        "step": reading.step,
        "seconds": round(reading.seconds, 4),
        "budget": round(reading.budget, 4),
        "share": round(share, 5),
        "numbers": numbers,
        "states": {unit.label: unit.state for unit in reading.units},
        "findings": reading.findings,
        "warnings": list(warnings),
    }


def _number(value: Estimate) -> dict[str, float | None]:
    ends = {"value": float(value), "low": value.low, "high": value.high}
    return {name: end if end is not None and math.isfinite(end) else None for name, end in ends.items()}
