from dataclasses import replace

from latentassay.truth.judging import Verdict
from latentassay.truth.runs import Outcome
from latentassay.truth.scoring import coverage, differ, flips, rates

RIGHT, MISSED = Verdict(True, True, "warning", ()), Verdict(False, None, None, ("holes",))
ONE = Outcome(
    name="ring", dose=3, seed=0, diagnoser="ours", repeat=0, verdict=RIGHT, seconds=1.0, held={"a": True, "b": False}
)


def test_shares_are_of_plants_and_repeats_do_not_count():
    outcomes = [ONE, replace(ONE, seed=1, verdict=MISSED), replace(ONE, repeat=1, verdict=MISSED)]
    (rate,) = rates(outcomes)
    assert (rate.n, float(rate.named), float(rate.subjects_right), float(rate.blamed)) == (2, 0.5, 1.0, 0.5)
    assert rate.levels == {"warning": 1}
    assert rate.wrong == {"holes": 1}


def test_coverage_is_counted_by_score():
    assert {name: float(share) for name, share in coverage([ONE, ONE]).items()} == {"a": 1.0, "b": 0.0}


def test_what_is_unsure_is_no_flip():
    accused = replace(ONE, accused=("holes", "units.strength 3"))
    silent = replace(ONE, repeat=1, accused=("holes",))
    assert differ(accused, silent)
    assert not differ(accused, replace(silent, unsure=("units.strength",)))
    assert not differ(accused, accused)
    # Whom the other doubts is no flip, and whom it neither names nor doubts is one.
    several = replace(ONE, accused=("holes", "units.strength 3 5"))
    named = replace(ONE, repeat=1, accused=("holes", "units.strength 3"))
    assert differ(several, named) and not differ(several, replace(named, doubted=("units.strength 5 8",)))
    assert differ(several, replace(named, doubted=("units.strength 8", "holes 5")))
    assert {name: float(share) for name, share in flips([accused, silent]).items()} == {"ring": 1.0}
    assert flips([accused]) == {}
