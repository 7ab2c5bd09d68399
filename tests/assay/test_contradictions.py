import pytest

from latentassay.assay.contradictions import contradictions
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Score
from latentassay.core.levels import Bounds

SHARE = Bounds(0, 0.05, 0.25, "share of a change")


def finding(key, level="note", *subjects, **fields):
    return Finding(key, "…", level, subjects=subjects, **fields)


def score(name, value):
    return Score(name, name, value, "…", n=10, seed=0)


FORBIDDEN = {
    "dead and faint": [finding("units.dead", "note", "3"), finding("units.faint", "note", "2", "3")],
    "collapsed and a twin": [finding("units.collapsed", "note", "3"), finding("units.twins", "note", "3+5")],
    "dead and collapsed": [finding("units.dead", "note", "3"), finding("units.collapsed", "note", "3")],
    "dead and entangled": [finding("units.dead", "note", "3"), finding("graph.entangled", "warning", "3+4")],
    "dead and moved": [finding("units.dead", "note", "3"), finding("graph.one_way", "note", "1>3")],
    "graph and invariance": [finding("graph", "good"), finding("consistency.invariance", "warning", "1>2")],
    "invariance and graph": [finding("consistency.invariance", "good"), finding("graph.entangled", "warning", "1+2")],
    "one cause by two keys": [
        finding("aggregate.shift", "warning", "3"),
        finding("input_checks.shift", "warning", "3"),
    ],
    "said twice": [finding("units.faint", "note", "3"), finding("units.faint", "warning", "3")],
    "good whose interval is not": [finding("graph", "good", estimate=Estimate(0.04, stderr=0.02), bounds=SHARE)],
    "warning whose interval reaches back": [
        finding("holes", "warning", estimate=Estimate(0.3, stderr=0.1), bounds=SHARE)
    ],
    "good with a remedy": [finding("paths", "good", remedy="Do it otherwise.")],
    "weak and one variable": [
        finding("graph.entangled", "note", "1+2", remedy="Sample them together: they form one variable.")
    ],
    "unsure for ever": [finding("holes", "unsure")],
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_cannot_be_true_is_told(name):
    assert len(contradictions(FORBIDDEN[name], {})) == 1


ALLOWED = {
    "dead and faint of others": [finding("units.dead", "note", "3"), finding("units.faint", "note", "2")],
    "unsure": [finding("units.dead", "note", "3"), finding("units.faint", "unsure", "3", settle="More rows.")],
    "no part of a name": [
        finding("units.dead", "note", "1"),
        finding("units.twins", "note", "10+11"),
    ],
    "twins that are redundant": [finding("units.twins", "note", "1+2"), finding("units.redundant", "note", "1", "2")],
    "two pairs": [finding("graph.entangled", "warning", "1+2"), finding("graph.entangled", "warning", "3+4")],
    "good": [finding("graph", "good", estimate=Estimate(0.01, stderr=0.01), bounds=SHARE)],
    "withdrawn": [finding("holes", "unsure", settle="Rows.", estimate=Estimate(0.5, stderr=0.01), bounds=SHARE)],
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_can_be_true_is_left_alone(name):
    assert contradictions(ALLOWED[name], {}) == []


def test_a_decoder_that_ignores_all_keeps_nothing():
    dead = [finding("units.dead", "problem", "0", "1")]
    kept = {"reconstruction.explained": score("reconstruction.explained", 0.9)}
    assert contradictions(dead, kept, units=2) == ["every unit is ignored, and 90% of the variance is kept"]
    assert contradictions(dead, kept, units=3) == []
    assert contradictions(dead, {"units.alive": score("units.alive", 2)}, units=3) == [
        "2 of 3 units are alive, and 2 are ignored"
    ]


def test_weak_couplings_make_no_fewer_variables():
    weak, strong = (
        [finding("graph.entangled", level, "0+1", "1+2", estimate=Estimate(size, stderr=0.01), bounds=SHARE)]
        for level, size in (("note", 0.1), ("warning", 0.4))
    )
    counted = {name: score(name, value) for name, value in (("units.alive", 4), ("units.variables", 2))}
    assert contradictions(weak, counted) == ["graph.entangled is weak, and makes 2 variables of 4 units"]
    assert contradictions(strong, counted) == []
    assert contradictions([*weak, finding("units.twins", "note", "0+1+2")], counted) == []
    # Beside the wrong input findings are notes without a grade, and this one may have been strong.
    assert contradictions([finding("graph.entangled", "note", "0+1", "1+2")], counted) == []
    # Three units that hold two in turn: it is what comes back of each that makes these fewer, no pair of them.
    assert contradictions(weak, counted | {"units.variables": score("units.variables", 3)}) == []


def test_advice_must_be_possible():
    lower = [finding("units.collapsed", "warning", "1", remedy="Lower β.")]
    assert len(contradictions(lower, {}, has_prior=False)) == 1
    assert len(contradictions(lower, {}, is_trainable=False)) == 1
    longer = [finding("reconstruction.kept", "warning", remedy="Train longer.")]
    assert contradictions(longer, {}, has_prior=False) == []
    assert len(contradictions(longer, {}, is_trainable=False)) == 1
