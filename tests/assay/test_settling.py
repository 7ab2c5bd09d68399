"""How many rows would tell: as many as simulation needs."""

import pytest
import torch

from latentassay.assay.settling import how_to_settle
from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds, grade

BOUNDS = Bounds(0, 0.05, 0.25, "share of a change")


@pytest.mark.parametrize(("value", "stderr"), [(0.04, 0.02), (0.15, 0.1), (0.3, 0.06), (0.2, 0.1), (0.0, 0.03)])
def test_so_many_rows_tell(value, stderr):
    words = how_to_settle(Estimate(value, stderr=stderr), BOUNDS)
    times = int(words.split()[1])
    assert grade(Estimate(value, stderr=stderr / times**0.5), BOUNDS) != "unsure"
    assert times == 2 or grade(Estimate(value, stderr=stderr / (times / 2.1) ** 0.5), BOUNDS) == "unsure"


def test_nothing_is_to_settle_where_the_level_is_sure_and_nothing_settles_what_lies_at_a_bound():
    assert how_to_settle(Estimate(0.0, stderr=0.01), BOUNDS) is None
    assert how_to_settle(Estimate(float("nan")), BOUNDS) is None
    assert "no number of rows" in how_to_settle(Estimate(0.2501, stderr=0.02), BOUNDS)
    uneven = Estimate(0.1, low=0.09, high=0.3)  # only the half that reaches the bound counts
    assert how_to_settle(uneven, BOUNDS) == "About 2 × as many rows would tell."


def test_a_wide_interval_at_a_bound_is_not_said_to_lie_near_it():
    """Of forty rows: where truths are spread evenly about both bounds, so many rows tell of most."""
    g, stderr = torch.Generator().manual_seed(0), 0.3
    truth = torch.rand(4000, generator=g, dtype=torch.float64) - 0.35
    first = truth + stderr * torch.randn(4000, generator=g, dtype=torch.float64)
    told, asked = 0, 0
    for true, value in zip(truth.tolist(), first.tolist(), strict=True):
        words = how_to_settle(Estimate(value, stderr=stderr), BOUNDS)
        if words and "most likely" in words:
            asked += 1
            narrow = stderr / int(words.split()[1]) ** 0.5
            again = true + narrow * float(torch.randn((), generator=g, dtype=torch.float64))
            told += grade(Estimate(again, stderr=narrow), BOUNDS) != "unsure"
    assert asked > 300 and told > 0.75 * asked
    assert "no number" not in str(how_to_settle(Estimate(0.05, stderr=0.3), BOUNDS))
