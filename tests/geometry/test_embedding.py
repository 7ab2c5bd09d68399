"""Cartesian and polar embeddings that were made so, and what is neither."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.geometry import embedding_geometry

N = 1500


def hue(seed=0, values=10):
    g = np.random.default_rng(seed)
    return g, g.integers(0, values, N), g.uniform(0.5, 1, N)


def polar(seed=0, turn=0.0):
    """Hue around a ring, whose radius is another factor."""
    g, w, other = hue(seed)
    angle = 2 * np.pi * w / 10 + turn
    return np.stack([other * np.cos(angle), other * np.sin(angle)], 1) + g.normal(0, 0.03, (N, 2)), w


def cartesian(seed=0):
    """Hue along the first unit, another factor along the second."""
    g, w, other = hue(seed)
    return np.stack([w / 10, other], 1) + g.normal(0, 0.01, (N, 2)), w


@pytest.mark.parametrize("turn", [0.0, 0.3, 2.0])
def test_a_ring_is_polar_whichever_way_it_is_turned(turn):
    found = embedding_geometry(*polar(turn=turn), period=10, resamples=10)
    assert found.kind == "polar" and found.score.low > 0.1
    assert found.explained["angle"] > 0.9 > found.explained["first"] and found.explained["radius"] < 0.1


def test_an_axis_is_cartesian():
    found = embedding_geometry(*cartesian(), period=10, resamples=10)
    assert found.kind == "cartesian" and found.score.high < 0
    assert found.explained["first"] > 0.95 and found.explained["second"] < 0.1
    assert found.explained["both"] > 0.95


def test_units_may_be_scaled_moved_and_swapped():
    codes, w = cartesian()
    found = embedding_geometry(codes[:, ::-1] * [1e6, 1e-3] + [3, -8], w, period=10)
    first = embedding_geometry(codes, w, period=10)
    assert found.explained["second"] == pytest.approx(first.explained["first"])


def test_what_is_in_neither_is_unsure():
    g, w, _ = hue()
    found = embedding_geometry(g.normal(size=(N, 2)), w, period=10)
    assert found.kind == "unsure" and max(found.explained.values()) < 0.1


def test_the_cycle_closes():
    """Half a turn more is the same as half a turn less."""
    codes, w = polar()
    assert embedding_geometry(codes, w - 5, period=10).score == pytest.approx(
        embedding_geometry(codes, w + 5, period=10).score
    )


def test_another_centre():
    codes, w = polar()
    found = embedding_geometry(codes + 5.0, w, period=10, centre=(5, 5))
    assert found.kind == "polar"
    assert embedding_geometry(codes, w, period=10, centre=(50.0, 0.0)).kind == "cartesian"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"codes": np.zeros((N, 3))}, r"codes must be \(n, 2\)"),
        ({"factor": np.zeros(3)}, r"codes must be \(n, 2\)"),
        ({"factor": np.zeros(N)}, "never varies"),
        ({"codes": np.stack([np.zeros(N), np.arange(N)], 1)}, "never varies"),
        ({"period": 0}, "period positive"),
        ({"factor": np.full(N, np.nan)}, "finite"),
        ({"centre": (0.0,)}, "two finite numbers"),
    ],
)
def test_what_is_refused(change, words):
    codes, w = polar()
    with pytest.raises(InputError, match=words):
        embedding_geometry(**({"codes": codes, "factor": w, "period": 10} | change))
