"""Calibration: bars, lines and shares lie where their numbers say, and bad input is refused."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.plots.calibration import MOST, code_use, error_shares, noise_costs, quantile_lines
from tests.plots.looks import readable

RNG = np.random.default_rng(0)
AT = np.linspace(-2, 2, 21)


def legend_of(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    "draw",
    [
        *(lambda n=n: noise_costs(RNG.uniform(size=n), RNG.uniform(size=n), range(n)) for n in (1, 5, 90)),
        lambda: noise_costs([0.0], [0.0], ["c0"]),
        lambda: quantile_lines(AT, [AT], ["0"]),
        lambda: quantile_lines(AT, [AT * k for k in range(6)], "abcdef", others=[AT, AT**3]),
        lambda: error_shares({"training rows": RNG.gamma(2, 1, 99), "other rows": RNG.gamma(3, 1, 50)}),
        lambda: error_shares({"other rows": np.zeros(9)}),
        lambda: code_use([3, 0, 5]),
        lambda: code_use(RNG.integers(0, 9, 8192)),
        lambda: code_use([1]),
    ],
)
def test_axes_are_labelled_and_nothing_is_cut_off(draw):
    readable(draw())


def test_units_that_cost_most_come_first_with_their_calibrated_cost():
    ax = noise_costs([0.01, 0.3, 0.1], [0.02, 0.1, 0.1], ["a", "b", "c"])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["b", "c", "a"]
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], [30, 10, 1])
    np.testing.assert_allclose([line[0][1] for line in ax.collections[0].get_segments()], [10, 10, 2])
    assert len(noise_costs(np.arange(50), np.zeros(50), range(50)).patches) == MOST


def test_lines_are_quantiles_over_those_of_the_prior():
    ax = quantile_lines(AT, [2 * AT, AT + 1], ["3", "7"], others=[AT, AT])
    assert legend_of(ax) == ["all others", "unit 3", "unit 7", "as the prior"]
    np.testing.assert_allclose(ax.lines[2].get_ydata(), 2 * AT)


def test_shares_grow_to_one_and_means_are_named():
    ax = error_shares({"training rows": [1.0, 3.0], "other rows": [4.0, 4.0, 7.0]})
    assert legend_of(ax) == ["training rows: mean 2", "other rows: mean 5"]
    np.testing.assert_allclose(ax.lines[2].get_ydata(), [1 / 3, 2 / 3, 1])


def test_entries_are_sorted_and_counted():
    ax = code_use([0, 6, 3, 1])
    assert legend_of(ax) == ["3 of 4 are used", "all alike"]
    assert ax.lines[0].get_ydata()[0] == 25


@pytest.mark.parametrize(
    ("draw", "match"),
    [
        (lambda: noise_costs([0.1], [0.1, 0.2], "a"), "expected must have shape"),
        (lambda: noise_costs([-0.1], [0.1], "a"), "cost must lie from 0"),
        (lambda: quantile_lines(AT, [AT[:5]], "a"), "quantiles must have shape"),
        (lambda: quantile_lines(AT, [AT] * 7, range(7)), "at most 6 units, got 7"),
        (lambda: error_shares({}), "errors must name at least one"),
        (lambda: error_shares({key: [1.0] for key in "abcdefg"}), "at most 6 sets"),
        (lambda: code_use([0, 0]), "at least one code"),
        (lambda: code_use([-1, 2]), "counts must lie from 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, match):
    with pytest.raises(InputError, match=match):
        draw()
