"""Families of claims: who is named, and that levels and names never disagree."""

from dataclasses import replace

import numpy as np
import pytest

from latentassay.assay.families import add_doubtful, judge_family, mildest
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding
from latentassay.core.levels import GRAVE, Bounds, grade

ABOVE = Bounds(0, 0.05, 0.25, "share of a change")
BELOW = Bounds(1, 0.95, 0.75, "share that is kept")


def family(truth, seed, stderr=0.05):
    noise = np.random.default_rng(seed).normal(size=len(truth))
    return [Estimate(mean + stderr * z, stderr=stderr) for mean, z in zip(truth, noise, strict=True)]


@pytest.mark.parametrize("bounds", [ABOVE, BELOW])
def test_level_and_names_agree(bounds):
    sign = 1 if bounds.direction == "above" else -1
    rng = np.random.default_rng(0)
    for seed in range(300):
        truth = bounds.null + sign * rng.uniform(0, 0.5, size=int(rng.integers(1, 30)))
        found = judge_family(family(truth, seed), bounds)
        assert bool(found.named) == (found.level in GRAVE)


def test_at_the_bound_hardly_any_family_is_accused():
    """64 members whose truth is just serious: one of them is named in at most one family of twenty."""
    accused = [bool(judge_family(family([0.25] * 64, seed), ABOVE).named) for seed in range(400)]
    assert np.mean(accused) < 0.05


def test_the_guilty_are_named_and_no_others():
    truth = [0.0] * 60 + [0.6, 0.7]
    found = judge_family(family(truth, 3, stderr=0.02), ABOVE)
    assert found.named == (60, 61) and found.level == "warning" and found.estimate == pytest.approx(0.7, abs=0.08)


def test_two_claims_accuse_only_together():
    ratio, cost = Bounds(1, 1.25, 2, "times"), Bounds(0, 0.01, 0.1, "share lost")
    for large in (Estimate(1.0), Estimate(1.5), Estimate(5.0), Estimate(2.0, stderr=0.1)):
        for lost in (Estimate(0.001), Estimate(0.05), Estimate(0.5), Estimate(0.1, stderr=0.01)):
            levels = {grade(large, ratio), grade(lost, cost)}
            assert (grade(*mildest((large, ratio), (lost, cost))) in GRAVE) == (levels == {"warning"})


def test_of_a_note_those_are_noted_that_surely_are_more_than_negligible():
    found = judge_family([Estimate(x, stderr=0.005) for x in (0.0, 0.12, 0.1)], ABOVE)
    assert (found.level, found.named, found.noted, found.worst) == ("note", (), (1, 2), 1)
    accused = judge_family([Estimate(x, stderr=0.005) for x in (0.0, 0.12, 0.4)], ABOVE)
    assert (accused.level, accused.named, accused.noted, accused.worst) == ("warning", (2,), (2,), 2)


@pytest.mark.parametrize("bounds", [ABOVE, BELOW])
def test_who_just_reaches_the_bound_is_in_doubt(bounds):
    """The first is beyond doubt, of the second the interval reaches across the bound, of the third it does not."""
    sign = 1 if bounds.direction == "above" else -1
    members = [Estimate(bounds.serious + sign * away, stderr=0.02) for away in (0.2, -0.03, -0.1, 0.01)]
    found = judge_family(members, bounds)
    assert found.named == (0,) and found.doubtful == (3, 1)


def test_another_seed_names_or_doubts_whoever_was_named():
    """A pair just beyond the bound beside a clear one: it is never named in one sample and forgotten in the next."""
    found = [judge_family(family([0.6, 0.27, 0.0], seed, stderr=0.02), ABOVE) for seed in range(200)]
    named = [set(each.named) for each in found]
    assert any(1 in each for each in named) and not all(1 in each for each in named)
    forgotten = [1 not in {*each.named, *each.doubtful} for each in found]
    assert np.mean(forgotten) < 0.025


def test_doubt_is_said_of_accusations_alone():
    accused = Finding("aggregate.shift", "Codes of unit 3 do not lie about 0.", "warning", subjects=("3",))
    said = add_doubtful(accused, [str(k) for k in range(9)])
    assert said.doubtful == tuple(map(str, range(9))) and said.sentence.endswith("0, 1, 2, 3, 4, 5 and 3 more.")
    note = replace(accused, level="note")
    assert add_doubtful(note, ["1"]) is note and add_doubtful(accused, []) is accused
