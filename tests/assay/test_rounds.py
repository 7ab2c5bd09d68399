"""Questions are asked in turn, again where they are unsure, and one that fails costs no other its answer."""

from dataclasses import dataclass

import numpy as np
import pytest

import latentassay as la
from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds, grade
from tests.assay.responding import clean, shrinking

BOUNDS = Bounds(0, 0.1, 0.5, "for a test")


@dataclass(frozen=True)
class Rows:
    count: np.ndarray
    depth: np.ndarray


def question(key="rows", measure=None, width=lambda n: 0.0):
    def judge(evidence, context):
        estimate = Estimate(0.05, stderr=width(int(evidence.count)))
        level = grade(estimate, BOUNDS)
        settle = "More rows would tell." if level == "unsure" else None
        finding = la.Finding(key, "…", level, estimate=estimate, bounds=BOUNDS, settle=settle)
        return la.Judgement((), (finding,))

    def count(context):
        return Rows(np.array(context.n), np.array(context.depth))

    return la.Question(key=key, title="Rows", text="How many?", evidence=Rows, measure=measure or count, judge=judge)


def asked(*questions, n=400, **options):
    return la.assay(shrinking(0.9, n=n)[0], shrinking(0.9, n=n)[1], questions=questions, samples=64, **options)


def test_a_sure_question_is_asked_once():
    evidence = asked(question())["rows"].evidence
    assert (evidence.count, evidence.depth) == (64, 0)


def test_an_unsure_question_is_asked_again_until_it_is_sure_or_rows_run_out():
    # 1.96 · 0.03 reaches across the bound, 0.05 away, and would not with (0.0588 / 0.05)² = 1.4 times the rows.
    enough = asked(question(width=lambda n: 0.03 * (64 / n) ** 0.5))
    assert (enough["rows"].evidence.count, enough["rows"].findings[0].level) == (256, "good")
    never = asked(question(width=lambda n: 1.0))  # no number of rows would tell: all are asked, once
    assert (never["rows"].evidence.count, never["rows"].evidence.depth) == (400, 1)
    assert never["rows"].findings[0].level == "unsure"


def fail(context):
    raise ZeroDivisionError("planted")


def refuse(context):
    raise la.InputError("give it other data")


@pytest.mark.parametrize(
    ("measure", "cause", "advice"),
    [(fail, "ZeroDivisionError: planted", "is a bug in"), (refuse, "other data", "stand")],
)
def test_a_question_that_raises_is_a_finding_and_the_others_are_answered(measure, cause, advice):
    result = asked(question("broken", measure), question(), "reconstruction")
    (finding,) = result["broken"].findings
    assert (finding.key, finding.level) == ("broken.failed", "unsure")
    assert cause in finding.sentence and advice in finding.settle
    assert {section.key for section in result.sections} == {"reconstruction", "broken", "rows"}


def test_no_question_of_ours_fails_on_a_clean_model():
    model, data = clean()
    assert not [f.sentence for f in la.assay(model, data, samples=96).findings if f.key.endswith(".failed")]
