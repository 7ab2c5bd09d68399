"""Findings as JSON: the same fields in saved assays and in ``Assay.to_json``, whose schema is documented here."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding
from latentassay.core.levels import Bounds


def pack_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain facts that JSON can hold.

    The schema: ``key``, ``sentence``, ``level`` (one of ``latentassay.core.levels.LEVELS``), ``scores`` and
    ``subjects`` (lists of strings), ``direction`` (``"above"``, ``"below"`` or null), ``estimate`` (null, or
    ``{"value", "low", "high", "stderr", "n"}``, ends of the 95 % interval), ``bounds`` (null, or ``{"null",
    "negligible", "serious", "reason", "problem"}``), ``remedy``, ``settle`` and ``brief`` (strings or null).

    >>> pack_finding(Finding("graph", "…", "good", estimate=Estimate(0.5, stderr=0.0)))["estimate"]
    {'value': 0.5, 'low': 0.5, 'high': 0.5, 'stderr': 0.0, 'n': None}
    """
    facts = asdict(finding)
    found, bounds = finding.estimate, finding.bounds
    facts["scores"], facts["subjects"] = list(finding.scores), list(finding.subjects)
    facts["estimate"] = None if found is None else pack_estimate(found)
    facts["bounds"] = None if bounds is None else bounds._asdict()
    return facts


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
    own |= {"scores": tuple(facts["scores"]), "subjects": tuple(facts["subjects"])}
    own["estimate"] = None if found is None else _unpack_estimate(found)
    own["bounds"] = None if bounds is None else Bounds(**bounds)
    return Finding(**own)


def _unpack_estimate(facts: Mapping[str, Any]) -> Estimate:
    return Estimate(facts["value"], low=facts["low"], high=facts["high"], stderr=facts["stderr"], n=facts["n"])
