"""A small part of the bench: one plant of some kinds, and some clean models (all: ``latentassay bench truth``)."""

import pytest

from latentassay.truth.plants import kinds
from latentassay.truth.runs import Task, answer, run, tasks
from latentassay.truth.scoring import rates

NAMED = (
    "dead unit",
    "collapsed unit",
    "encoder-blind unit",
    "twins",
    "turned pair",
    "one-way leak",
    "wrong scale",
    "hole",
    "underconfident",
    "decoder bias",
)
CLEAN = ("wrong scale", "underconfident", "PCA")


def ask(kind, dose):
    (outcome,) = answer(Task(kind=kind, name=kind, dose=dose, seed=0, diagnosers=("ours",)))
    assert outcome.failed is None
    assert not outcome.contradictions
    return outcome.verdict


@pytest.mark.parametrize("kind", NAMED)
def test_a_defect_is_named_at_the_full_dose(kind):
    found = ask(kind, 3)
    assert found.named
    assert found.subjects_right is not False
    assert found.wrong == ()


@pytest.mark.parametrize("kind", CLEAN)
def test_a_clean_model_is_blamed_for_nothing(kind):
    assert ask(kind, 0).wrong == ()


@pytest.mark.long
def test_almost_all_are_named_and_almost_no_clean_model_is_blamed():
    found = rates(run(tasks(kinds(), seeds=20, doses=(3,), repeats=0), processes=2))
    assert not {rate.name: float(rate.named) for rate in found if rate.dose and rate.named < 0.95}
    assert not {rate.name: rate.wrong for rate in found if not rate.dose and rate.blamed > 0.05}
