"""Drawn rows against the probabilities that they are drawn with."""

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics.draws import AT_ONCE, draw_pairs, draw_rows, share_groups

FACTORS = np.stack([np.repeat([0, 1, 2, 3], [60, 30, 9, 1]), np.arange(100) % 2], 1)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_values_come_by_their_frequency_and_rows_alike():
    rows = draw_rows(FACTORS, 0, 20_000, 5, rng())
    assert rows.shape == (20_000, 5)
    assert (FACTORS[rows, 0] == FACTORS[rows[:, :1], 0]).all()
    groups = np.bincount(FACTORS[rows[:, 0], 0], minlength=4) / 20_000
    # The row whose value no other has is never drawn.
    np.testing.assert_allclose(groups, [60 / 99, 30 / 99, 9 / 99, 0], atol=0.01)
    drawn = np.bincount(rows.ravel(), minlength=100) / rows.size
    np.testing.assert_allclose(drawn[:99], 1 / 99, rtol=0.2)
    # With replacement: two of five rows among nine are the same in 1 − 9·8·7·6·5 / 9⁵ of the groups.
    few = np.sort(rows[FACTORS[rows[:, 0], 0] == 2], axis=1)
    assert np.mean((np.diff(few) == 0).any(1)) == pytest.approx(1 - 15120 / 9**5, abs=0.05)


def test_rows_of_a_group_are_independent():
    rows = draw_rows(FACTORS, 1, 50_000, 2, rng())
    joint = np.zeros((100, 100))
    np.add.at(joint, tuple(rows.T), 1)
    same_value = FACTORS[:, None, 1] == FACTORS[None, :, 1]
    assert joint[~same_value].sum() == 0
    # 5000 equally likely pairs, 10 of each: χ² lies within 5 of its standard deviations √(2·5000).
    assert np.square(joint[same_value] - 10).sum() / 10 == pytest.approx(5000, abs=500)


def test_rows_are_those_of_a_search_through_sorted_values():
    factors = np.random.default_rng(5).integers(0, 40, (90, 1)) * 3
    rng_of_rows, values = rng(3), np.sort(factors[:, 0])
    order = np.argsort(factors[:, 0], kind="stable")
    kept = np.array([np.sum(values == value) > 1 for value in values])
    assert not kept.all()
    values, order = values[kept], order[kept]
    drawn = values[rng_of_rows.integers(0, len(order), 500)]
    first, last = (np.searchsorted(values, drawn, side=side) for side in ("left", "right"))
    place = (rng_of_rows.random((500, 4)) * (last - first)[:, None]).astype(int)
    np.testing.assert_array_equal(draw_rows(factors, 0, 500, 4, rng(3)), order[first[:, None] + place])


def test_pairs_share_a_value_and_groups_need_not():
    a, b = draw_pairs(FACTORS, 0, 300, 50, rng())
    assert a.shape == b.shape == (300, 50)
    assert (FACTORS[a, 0] == FACTORS[b, 0]).all() and (np.ptp(FACTORS[a, 0], axis=1) > 0).all()
    assert np.mean(FACTORS[a, 0] == 0) == pytest.approx(60 / 99, abs=0.02)


def test_seeds_decide_and_values_may_be_missing():
    np.testing.assert_array_equal(draw_rows(FACTORS, 0, 9, 3, rng(1)), draw_rows(FACTORS, 0, 9, 3, rng(1)))
    assert not np.array_equal(draw_rows(FACTORS, 0, 9, 3, rng(1)), draw_rows(FACTORS, 0, 9, 3, rng(2)))
    gaps = np.array([[5], [5], [9], [9]])
    rows = draw_rows(gaps, 0, 100, 4, rng())
    assert set(gaps[rows].ravel()) == {5, 9} and (np.ptp(gaps[rows, 0], axis=1) == 0).all()


@pytest.mark.parametrize(("factors", "groups", "size"), [(3, 10_000, 64), (4, 7, 2), (1, 3, 10 * AT_ONCE)])
def test_groups_are_shared_out_alike_in_small_parts(factors, groups, size):
    parts = list(share_groups(factors, groups, size))
    each = [sum(many for held, many in parts if held == factor) for factor in range(factors)]
    assert sum(each) == groups and max(each) - min(each) <= 1
    assert all(many > 0 and (many == 1 or many * size <= AT_ONCE) for _, many in parts)


def test_values_that_all_differ_are_refused():
    with pytest.raises(la.InputError, match="no value of factor 0 occurs twice"):
        draw_rows(np.arange(5)[:, None], 0, 2, 2, rng())
