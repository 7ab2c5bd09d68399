"""Findings go to JSON and come back as what they were."""

import json

import pytest

from latentassay.assay.finding_json import pack_finding, unpack_finding
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding
from latentassay.core.levels import Bounds


def test_a_finding_comes_back_from_json_with_every_field():
    finding = Finding(
        key="graph.entangled",
        sentence="Units 3 and 5 move each other.",
        level="warning",
        scores=("graph.coupling",),
        subjects=("3+5",),
        direction="above",
        estimate=Estimate(0.5, stderr=0.01, n=512),
        bounds=Bounds(0, 0.05, 0.25, "share of a change, squared"),
        remedy="Change them together.",
        settle=None,
        brief="units 3 and 5 are entangled",
    )
    again = unpack_finding(json.loads(json.dumps(pack_finding(finding))))
    assert again == finding
    assert (again.estimate.low, again.estimate.n) == (finding.estimate.low, 512)
    assert again.p_value == finding.p_value < 1e-9


def test_json_holds_what_a_program_needs_and_nothing_that_json_does_not_know(result, tmp_path):
    found = json.loads(result.to_json(tmp_path / "a.json"), parse_constant=pytest.fail)
    assert found == json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert found["schema"] == "latentassay-findings-2" and found["meta"]["seed"] == 0
    assert [one["key"] for one in found["findings"]] == [f.key for s in result.sections for f in s.findings]
    assert found["scores"].keys() == result.scores.keys()
    kinds = {"key": str, "sentence": str, "level": str, "scores": list, "subjects": list, "question": str}
    for one in found["findings"]:
        assert all(isinstance(one[name], kind) for name, kind in kinds.items())
        assert one["estimate"] is None or {"value", "low", "high", "stderr", "n"} == one["estimate"].keys()


def test_most_findings_have_no_estimate():
    finding = Finding("units.alive", "11 of 24 units are alive.", "note")
    assert unpack_finding(pack_finding(finding)) == finding
    assert finding.p_value is None
