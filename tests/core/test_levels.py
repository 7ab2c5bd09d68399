"""Levels follow from intervals and bounds alone, and families of claims control their false discoveries."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds, discoveries, exceeding, grade, p_value, worst

ABOVE = Bounds(0, 0.05, 0.25, "share of a change, squared", problem=0.8)
BELOW = Bounds(1, 0.9, 0.6, "share of the variance", problem=0.1)


@pytest.mark.parametrize(
    ("low", "high", "above"),
    [
        (0.0, 0.05, "good"),
        (0.0, 0.051, "unsure"),
        (0.06, 0.25, "note"),
        (0.06, 0.3, "unsure"),
        (0.26, 0.79, "warning"),
        (0.26, 0.9, "warning"),
        (0.81, 0.9, "problem"),
        (0.0, 0.9, "unsure"),
    ],
)
def test_the_whole_interval_decides(low, high, above):
    estimate = Estimate((low + high) / 2, low=low, high=high)
    assert grade(estimate, ABOVE) == above
    mirrored = Estimate(1 - (low + high) / 2, low=1 - high, high=1 - low)
    assert grade(mirrored, Bounds(1, 0.95, 0.75, "the same, seen from 1", problem=0.2)) == above


def test_a_number_without_an_interval_is_taken_as_exact_and_nan_as_unknown():
    assert [grade(x, BELOW) for x in (0.95, 0.7, 0.3, 0.05, math.nan)] == [
        "good",
        "note",
        "warning",
        "problem",
        "unsure",
    ]


@given(st.floats(-2, 2), st.floats(0, 1))
def test_no_finding_is_good_whose_interval_says_otherwise(value, half):
    estimate = Estimate(value, low=value - half, high=value + half)
    if grade(estimate, ABOVE) == "good":
        assert estimate.high <= ABOVE.negligible
    if grade(estimate, ABOVE) in ("warning", "problem"):
        assert estimate.low > ABOVE.serious


def test_the_gravest_level_wins():
    assert worst(["good", "note", "unsure", "warning"]) == "warning"
    assert worst([], default="good") == "good"


def test_p_values_are_those_of_the_normal_distribution_on_the_side_that_looks_to_the_bound():
    assert p_value(Estimate(0.3, stderr=0.02), 0.25, "above") == pytest.approx(norm.sf(2.5))
    assert p_value(Estimate(0.3, stderr=0.02), 0.35, "below") == pytest.approx(norm.sf(2.5))
    uneven = Estimate(0.3, low=0.3 - 1.959964 * 0.02, high=0.9)
    assert p_value(uneven, 0.25, "above") == pytest.approx(norm.sf(2.5), rel=1e-4)
    assert p_value(Estimate(math.nan), 0.25, "above") == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_discoveries_are_those_of_scipy(p_values):
    expected = false_discovery_control(p_values) <= 0.05
    close = [abs(p - 0.05) < 1e-9 for p in false_discovery_control(p_values)]
    assert all(a == b or c for a, b, c in zip(discoveries(p_values), expected, close, strict=True))


def test_few_discoveries_are_false_in_a_family_with_many_nulls():
    generator = torch.Generator().manual_seed(0)
    false = total = 0
    for _ in range(200):
        truth = torch.cat([torch.full((90,), 0.25), torch.full((10,), 0.35)])
        seen = truth + 0.02 * torch.randn(100, generator=generator)
        found = exceeding([Estimate(float(x), stderr=0.02) for x in seen], 0.25)
        false, total = false + sum(found[:90]), total + sum(found)
    assert total > 1500
    assert false / total < 0.05
