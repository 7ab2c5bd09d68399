"""Laws are frozen, and say what they expect. Whether metrics keep them is asked in tests/laws."""

import dataclasses
import math

import pytest

from latentassay.metrics.laws import EXACT, Laws, Near, SampleLaws, infinite, unchanged, zero


def test_near_is_closed_and_exact_where_nothing_is_allowed():
    assert Near(0.5, 0.25).holds(0.75) and not Near(0.5, 0.25).holds(0.76)
    assert Near(1, 0).holds(1.0) and not Near(1, 0).holds(1 - 1e-16) and not Near(1, 0.5).holds(math.nan)


def test_expectations():
    assert (unchanged(0.3, 4), zero(0.3, 4), infinite(0.3, 4)) == (0.3, 0, math.inf)


@pytest.mark.parametrize("kind", [Laws, SampleLaws])
def test_what_is_not_said_is_promised(kind):
    needed = {field.name: Near(0, 0) for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING}
    needed.pop("options", None)
    laws = kind(**needed)
    assert (laws.lowest, laws.highest, laws.shuffled, laws.permuted) == (0, 1, EXACT, EXACT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        laws.lowest = 2
