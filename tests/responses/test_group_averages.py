"""Averages over groups and their errors, by hand and by brute force."""

import pytest
import torch
from torch.testing import assert_close

from latentassay.responses.group_averages import average_groups, leave_one_out

SUMS = torch.tensor([[2.0, 8.0], [18.0, 3.0], [4.0, 0.0]], dtype=torch.float64)
SIZES = torch.tensor([2, 2, 4])
ALL = torch.tensor([3, 3])


def test_averages_by_hand():
    squares = torch.tensor([3.0, 11 / 8]).double().sqrt()
    assert_close(average_groups(SUMS, SIZES, ALL, "squares")[0], squares)
    roots = torch.tensor([(1 + 3 + 1) / 3, (2 + 1.5**0.5 + 0) / 3]).double()
    assert_close(average_groups(SUMS, SIZES, ALL, "roots")[0], roots)


def test_groups_that_a_unit_no_longer_used_do_not_count():
    sums = SUMS.clone()
    sums[2, 1] = 0
    for average in ("squares", "roots"):
        whole = average_groups(sums, SIZES, torch.tensor([3, 2]), average)
        short = average_groups(sums[:2], SIZES[:2], torch.tensor([2, 2]), average)
        assert_close(whole[0][1], short[0][1])
        assert_close(whole[1][1], short[1][1])


@pytest.mark.parametrize("average", ["squares", "roots"])
def test_leaving_a_group_out_is_averaging_the_others(average):
    left = leave_one_out(SUMS, SIZES, ALL, average)
    for g in range(3):
        others = [i for i in range(3) if i != g]
        expected = average_groups(SUMS[others], SIZES[others], torch.tensor([2, 2]), average)[0]
        assert_close(left[g], expected)


def test_the_error_of_averaged_roots_is_that_of_a_mean():
    stderr = average_groups(SUMS, SIZES, ALL, "roots")[1][0]
    plain = torch.tensor([1.0, 3.0, 1.0]).double().std() / 3**0.5
    assert float(stderr / plain) == pytest.approx(4.303 / 1.96, rel=1e-3)  # Student's t of two degrees of freedom
