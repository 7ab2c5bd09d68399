"""Findings as JSON: the same fields in saved assays and in ``Assay.to_json``, whose schema is documented here."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Meta, Score, Section
from latentassay.core.levels import Bounds

LISTS = ("scores", "subjects", "doubtful")


def pack_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain facts that JSON can hold.

    The schema: ``key``, ``sentence``, ``level`` (one of ``latentassay.core.levels.LEVELS``), ``scores``,
    ``subjects`` and ``doubtful`` (lists of strings), ``direction`` (``"above"``, ``"below"`` or null), ``estimate``
    (null, or ``{"value", "low", "high", "stderr", "n"}``, ends of the 95 % interval), ``bounds`` (null, or ``{"null",
    "negligible", "serious", "reason", "problem"}``), ``remedy``, ``settle`` and ``brief`` (strings or null).

    >>> pack_finding(Finding("graph", "…", "good", estimate=Estimate(0.5, stderr=0.0)))["estimate"]
    {'value': 0.5, 'low': 0.5, 'high': 0.5, 'stderr': 0.0, 'n': None}
    """
    facts = asdict(finding)
    found, bounds = finding.estimate, finding.bounds
    facts |= {name: list(facts[name]) for name in LISTS}
    facts["estimate"] = None if found is None else pack_estimate(found)
    facts["bounds"] = None if bounds is None else bounds._asdict()
    return facts


SCHEMA = "latentassay-findings-2"
"""Name of what ``Assay.to_json`` writes; it changes where a field does."""


def findings_json(sections: Iterable[Section], meta: Meta) -> str:
    """Return findings and scores as JSON that programs can rely on.

    ``{"schema": "latentassay-findings-2", "meta": {…}, "findings": [{"question", …}, …], "scores": {name: {…}}}``, in
    the order of the report; findings have the fields of ``pack_finding``, scores ``label``, ``value``, ``low``,
    ``high``, ``n``, ``seed``, ``unit`` and ``definition``. Numbers that are not finite are null.
    """
    sections = tuple(sections)
    findings = [{"question": s.key, **pack_finding(finding)} for s in sections for finding in s.findings]
    scores = {score.name: _pack_score(score) for s in sections for score in s.scores}
    facts = {"schema": SCHEMA, "meta": asdict(meta), "findings": findings, "scores": scores}
    return json.dumps(_finite(facts), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(facts: Any) -> Any:
    """Replace what JSON has no word for."""
    if isinstance(facts, dict):
        return {name: _finite(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts


def _pack_score(score: Score) -> dict[str, Any]:
    return {name: value for name, value in asdict(score).items() if name != "name"}


def pack_estimate(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as plain facts."""
    return {
        "value": float(estimate),
        "low": estimate.low,
        "high": estimate.high,
        "stderr": estimate.stderr,
        "n": estimate.n,
    }


def unpack_finding(facts: Mapping[str, Any]) -> Finding:
    """Return the finding that ``pack_finding`` took apart.

    Raises:
        TypeError, KeyError: these are not its facts.
    """
    found, bounds = facts["estimate"], facts["bounds"]
    own = dict(facts)
    own |= {name: tuple(facts.get(name, ())) for name in LISTS}
    own["estimate"] = None if found is None else _unpack_estimate(found)
    own["bounds"] = None if bounds is None else Bounds(**bounds)
    return Finding(**own)


def _unpack_estimate(facts: Mapping[str, Any]) -> Estimate:
    return Estimate(facts["value"], low=facts["low"], high=facts["high"], stderr=facts["stderr"], n=facts["n"])
