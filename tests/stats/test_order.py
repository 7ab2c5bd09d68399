"""Whether values fall along their places: against scipy, against orders that can be counted, and with noise."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from latentassay.core.errors import InputError
from latentassay.stats.order import falling


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def order(values, stderr=0.0, seed=0):
    values = np.asarray(values, dtype=float)
    return falling(values, np.broadcast_to(stderr, values.shape).astype(float), generator=seeded(seed))


@pytest.mark.parametrize("n", [3, 5, 12])
def test_score_is_minus_spearmans(n):
    values = np.random.default_rng(n).normal(size=n)
    assert order(values).score == pytest.approx(-spearmanr(np.arange(n), values).statistic)
    assert order(np.sort(values)).score == pytest.approx(-1) and order(-np.sort(values)).score == pytest.approx(1)


def test_ties_count_half_and_rounding_errors_are_ties():
    values = np.array([0.5, 0.5 + 1e-9, 0.2, 0.2 - 1e-9, 0.1])
    assert order(values).score == pytest.approx(-spearmanr(np.arange(5), values.round(3)).statistic)
    assert order(values).n == 5


@pytest.mark.parametrize("values", [[0.4, 0.2], [], [1.0, 1.0 - 1e-8, 1.0 + 1e-8]])
def test_nothing_is_said_of_too_few_or_of_equals(values):
    assert order(values)[:2] == (None, None)


def test_p_values_count_orders():
    assert order([3, 2, 1]).p_value == pytest.approx(1 / 6)
    assert order([1, 2, 3]).p_value == 1
    assert order([2, 3, 1]).p_value == pytest.approx(3 / 6)  # 321, 312 and 231 fall as far
    assert order([4, 3, 2, 1, 0]).p_value == pytest.approx(1 / 120)
    assert order([2, 2, 1]).p_value == pytest.approx(1 / 3)  # ties: only where the lowest comes


def test_random_orders_agree_with_all_of_them():
    values = np.array([9.0, 5.0, 8.0, 2.0, 7.0, 4.0, 6.0, 1.0])
    exact = order(values).p_value
    theory = spearmanr(np.arange(9), [9.0, 5.0, 8.0, 2.0, 7.0, 4.0, 6.0, 1.0, 3.0], alternative="less").pvalue
    many = order([*values, 3.0])  # nine values: drawn at random
    assert 0 < exact < 0.1 and many.p_value == pytest.approx(theory, rel=0.35)
    assert many == order([*values, 3.0]) and many.p_value != order([*values, 3.0], seed=1).p_value
    assert order(np.arange(12.0, 0, -1)).p_value == pytest.approx(1e-4)  # never 0


def test_p_values_are_uniform_where_places_tell_nothing():
    rng = np.random.default_rng(0)
    found = [order(rng.normal(size=6)).p_value for _ in range(200)]
    for level in (0.05, 0.2, 0.5):
        assert np.mean(np.array(found) <= level) == pytest.approx(level, abs=0.08)


def test_intervals_hold_what_noise_can_change():
    sure, unsure = order([3, 2, 1, 0]), order([3, 2, 1, 0], 1.0)
    assert (sure.score.low, sure.score.high) == (1, 1) and unsure.score.low < 0.5 and unsure.score.high == 1
    assert unsure.score.low <= unsure.score <= unsure.score.high and unsure.score.n == 4
    one = falling(np.array([3.0, 2.0, 1.0]), np.array([0.0, 5.0, 0.0]), generator=seeded())
    assert (one.score.low, one.score.high) == (0.5, 1)  # wherever the one in the middle goes


@pytest.mark.parametrize(("values", "stderr"), [([1.0, np.nan, 2.0], [0.0] * 3), ([3.0, 2.0, 1.0], [0.0, np.inf, 0.0])])
def test_what_is_refused(values, stderr):
    with pytest.raises(InputError, match="must be finite"):
        falling(np.array(values), np.array(stderr), generator=seeded())
