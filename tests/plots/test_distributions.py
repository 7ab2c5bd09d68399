"""Distributions: counts and quantiles where they belong, units in order of their response, bad input refused."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.distributions import error_histogram, response_distances, unit_bars
from tests.plots.looks import readable

RNG = np.random.default_rng(0)


def legend_of(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def bars(units: int, *, kl: bool = True, **options):
    response = RNG.uniform(size=units)
    rest = {"mean_std": RNG.uniform(size=units), "posterior_std": RNG.uniform(size=units), "labels": range(units)}
    rest |= {"kl": response if kl else None}
    return unit_bars(response, np.full(units, 0.02), response > 0.3, 0.3, **rest | options)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: error_histogram(RNG.gamma(2, 1, 900)),
        lambda: error_histogram([1.0]),
        lambda: error_histogram(np.zeros(9)),
        lambda: response_distances({"prior": RNG.lognormal(size=99)}, 1.0),
        lambda: response_distances(dict.fromkeys("abcd", RNG.lognormal(-9, 4, 99)), 1e-4),
        lambda: response_distances({"prior": np.zeros(9)}, 0.0),
        *(lambda n=n, kl=kl: bars(n, kl=kl) for n in (1, 5, 70) for kl in (True, False)),
    ],
)
def test_axes_are_labelled_and_nothing_is_cut_off(draw):
    readable(draw())


def test_errors_have_their_median_and_95_percent_quantile():
    ax = error_histogram(np.arange(101.0))
    assert legend_of(ax) == ["median 50", "95 % below 95"]
    assert [line.get_xdata()[0] for line in ax.lines] == [50, 95]


def test_shares_beyond_the_threshold_are_those_of_each_origin():
    ax = response_distances({"data": np.array([0.1, 0.2, 0.3, 0.4]), "prior": np.array([0.2, 2.0])}, 0.35)
    assert legend_of(ax) == ["data: 25.0 % beyond", "prior: 50.0 % beyond", "hole beyond 0.35"]
    heights = [patch.get_data().values.sum() for patch in ax.patches[1::2]]
    np.testing.assert_allclose(heights, [1, 1])


def test_units_stand_in_order_of_their_response_with_95_percent_intervals():
    top, middle, low = unit_bars(
        [0.2, 0.9, 0.5],
        [0.01, 0.02, 0.03],
        [False, True, True],
        0.3,
        mean_std=[0.1, 1.0, 0.8],
        posterior_std=[0.9, 0.1, 0.2],
        labels=["a", "b", "c"],
        kl=[0.0, 3.0, 2.0],
    )
    assert [patch.get_height() for patch in top.patches] == [0.9, 0.5, 0.2]
    ends = [np.ptp(segment[:, 1]) / 2 for segment in top.collections[0].get_segments()]
    np.testing.assert_allclose(ends, Z95 * np.array([0.02, 0.03, 0.01]))
    assert legend_of(top) == ["alive from 0.3", "alive (2)", "not alive (1)"]
    np.testing.assert_allclose([line.get_ydata() for line in middle.lines], [[1.0, 0.8, 0.1], [0.1, 0.2, 0.9]])
    assert [patch.get_height() for patch in low.patches] == [3, 2, 0]
    assert [text.get_text() for text in low.get_xticklabels()] == ["b", "c", "a"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: error_histogram([]),
        lambda: error_histogram([np.inf]),
        lambda: response_distances({}, 1.0),
        lambda: response_distances({"a": [-1.0]}, 1.0),
        lambda: response_distances(dict.fromkeys("abcde", np.ones(3)), 1.0),
        lambda: bars(3, mean_std=np.ones(2)),
        lambda: bars(3, labels=["a"]),
        lambda: bars(3, kl=True, axes=bars(3)[:2]),
    ],
)
def test_bad_input_is_refused(draw):
    with pytest.raises(InputError):
        draw()
