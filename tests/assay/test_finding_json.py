"""Findings go to JSON and come back as what they were."""

import json

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


def test_most_findings_have_no_estimate():
    finding = Finding("units.alive", "11 of 24 units are alive.", "note")
    assert unpack_finding(pack_finding(finding)) == finding
    assert finding.p_value is None
