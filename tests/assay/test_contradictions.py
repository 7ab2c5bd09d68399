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
    "said twice": [finding("units.faint", "note", "3"), finding("units.faint", "warning", "3")],
    "good whose interval is not": [finding("graph", "good", estimate=Estimate(0.04, stderr=0.02), bounds=SHARE)],
    "warning whose interval reaches back": [
        finding("holes", "warning", estimate=Estimate(0.3, stderr=0.1), bounds=SHARE)
    ],
    "good with a remedy": [finding("paths", "good", remedy="Do it otherwise.")],
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


def test_advice_must_be_possible():
    lower = [finding("units.collapsed", "warning", "1", remedy="Lower β.")]
    assert len(contradictions(lower, {}, has_prior=False)) == 1
    assert len(contradictions(lower, {}, is_trainable=False)) == 1
    longer = [finding("reconstruction.kept", "warning", remedy="Train longer.")]
    assert contradictions(longer, {}, has_prior=False) == []
    assert len(contradictions(longer, {}, is_trainable=False)) == 1
