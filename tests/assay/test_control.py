"""Over a whole report accusations stand together, and nothing is graded that is about the wrong input."""

import pytest
import torch

from latentassay.assay.control import control
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Section
from latentassay.core.levels import Bounds, grade

BOUNDS = Bounds(0, 0.1, 0.5, "for a test")


def claim(key, value, stderr, **options):
    estimate = Estimate(value, stderr=stderr)
    return Finding(key, "…", grade(estimate, BOUNDS), estimate=estimate, bounds=BOUNDS, remedy="Do it.", **options)


def section(*findings, key="one"):
    return Section(key, "One", "?", findings=findings)


def test_what_is_just_serious_is_unsure_among_many_that_look_so_and_a_warning_beside_what_is_fine():
    barely = claim("barely", 0.5 + 2.0 * 0.01, 0.01)
    (alone,) = control([section(barely)]).sections[0].findings
    assert alone == barely and alone.level == "warning"
    fine = [claim(f"fine {k}", 0.0, 0.01) for k in range(30)]
    assert control([section(barely, *fine)]).sections[0].findings[0] == barely
    many = [claim(f"open {k}", 0.501, 0.01) for k in range(30)]
    found = control([section(barely, *many)])
    assert (found.claims, found.false_alarms) == (31, 0)
    assert found.sections[0].findings[0].level == "unsure" and found.sections[0].findings[0].remedy is None
    assert found.sections[0].findings[0].settle.startswith("One of 31 claims that look serious")


def test_what_is_sure_stays_and_the_expected_false_alarms_are_a_twentieth():
    found = control([section(claim("sure", 0.9, 0.01), *(claim(f"fine {k}", 0.0, 0.01) for k in range(30)))])
    assert found.sections[0].findings[0].level == "warning" and found.false_alarms == pytest.approx(0.05)


def test_few_of_many_clean_reports_accuse_where_every_effect_is_just_serious():
    generator, accused = torch.Generator().manual_seed(0), 0
    for _ in range(200):
        seen = 0.5 + 0.01 * torch.randn(20, generator=generator)
        found = control([section(*(claim(str(k), float(x), 0.01) for k, x in enumerate(seen)))])
        accused += any(finding.is_grave for finding in found.sections[0].findings)
    assert accused / 200 <= 0.08


@pytest.mark.parametrize("true", [0, 3, 15])
@pytest.mark.parametrize("sizes", [(0.5,), (0.5, 0.48, 0.0), (0.499, 0.3), (0.0,)])
def test_false_alarms_are_on_average_no_more_than_a_report_prints(true, sizes):
    """Simulated: whatever the sizes of what is not serious, at the bound or far from it, and however many are true."""
    generator, shares, printed, false = torch.Generator().manual_seed(1), [], [], []
    sure, fine = 0.56, [sizes[k % len(sizes)] for k in range(20)]
    effects = torch.tensor([sure] * true + fine)
    for _ in range(400):
        seen = effects + 0.02 * torch.randn(len(effects), generator=generator)
        found = control([section(*(claim(str(k), float(x), 0.02) for k, x in enumerate(seen)))])
        grave = [int(finding.key) for finding in found.sections[0].findings if finding.is_grave]
        false.append(sum(k >= true for k in grave))
        shares.append(false[-1] / max(len(grave), 1))
        printed.append(found.false_alarms)
    # Three standard errors of the simulation: 0.05 ± 3 · 0.22 / 20 where any alarm is a false one.
    assert sum(shares) / 400 <= 0.05 + 0.033
    if true:
        assert sum(false) <= sum(printed) * 1.25


@pytest.mark.parametrize(
    ("key", "what"),
    [("input_checks.range", "input"), ("input_checks.output", "output"), ("input_checks.belong", "pair of coders")],
)
def test_after_a_problem_of_the_input_nothing_else_is_graded(key, what):
    cause = Finding(key, "The model expects [0, 1].", "problem", brief="the data are bytes")
    found = control(
        [section(cause, key="input_checks"), section(claim("sure", 0.9, 0.01), claim("open", 0.5, 0.1))]
    ).sections
    assert found[0].findings == (cause,) and found[0].caveat is None
    assert [(finding.level, finding.remedy, finding.settle) for finding in found[1].findings] == [
        ("note", None, None)
    ] * 2
    assert found[1].caveat == f"About the wrong {what}, and not graded: the data are bytes."


def test_what_failed_on_the_wrong_input_still_says_so():
    cause = Finding("input_checks.range", "The model expects [0, 1].", "problem")
    failed = Finding("holes.failed", "Could not be answered.", "unsure", settle="See the message.")
    found = control([section(cause, key="input_checks"), section(failed)]).sections
    assert found[1].findings == (failed,)
