"""Figures of spatial latents and of fit: every number where it belongs, every axis labelled, bad input refused."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.spatial import (
    channel_maps,
    channel_relations,
    channel_scales,
    kernel_maps,
    move_bars,
    place_maps,
    spectra,
)
from latentassay.plots.style import WIDE, figure_of
from tests.plots.looks import readable, scales_of

RNG = np.random.default_rng(8)


def names(count: int) -> list[str]:
    return [f"c{channel}" for channel in range(count)]


def kernel(side: int = 9, wide: int = 9, channels: int = 5, r: int = 12) -> Figure:
    shares = np.sort(RNG.uniform(size=(channels, r)), 1)
    maps = RNG.uniform(size=(2, side, wide)) ** 8
    return figure_of(kernel_maps(*maps, shares.mean(0), np.full(r, 0.01), shares))


def places(*shape: int, kinds: int = 3) -> Figure:
    return figure_of(place_maps({f"what it is {kind}": RNG.uniform(size=shape) for kind in range(kinds)}, {}))


def moves(count: int, most: float = 1.0) -> Figure:
    values = RNG.uniform(0, most, (2, count))
    return figure_of(
        move_bars([f"move {k}" for k in range(count)], values[0], values[0] / 20, values[1], values[1] / 20)
    )


def relations(count: int) -> Figure:
    return figure_of(channel_relations(*RNG.uniform(-1, 1, (2, count, count)), names(count)))


def lines(f: int, g: int, channels: int = 4) -> Figure:
    power = RNG.uniform(0.1, 1, (channels, f))
    return figure_of(spectra(power.mean(0), power.std(0) / 9, power, RNG.uniform(0.1, 1, g), power[0], (-0.5, -1.9)))


def scales(count: int) -> Figure:
    mean, std = RNG.normal(size=count), RNG.uniform(0.5, 5, count)
    return figure_of(channel_scales(mean, mean / 10 * np.sign(mean), std, std / 10, 1.0, names(count)))


FIGURES: dict[str, Callable[[], Figure]] = {
    "kernel": kernel,
    "kernel of one dimension": lambda: kernel(1, 9, 1, 3),
    "kernel of many places": lambda: kernel(9, 9, 32, 90),
    **{f"places {shape}": lambda shape=shape: places(*shape) for shape in ((8, 8), (1, 16), (32, 64), (24, 6))},
    "one map of places": lambda: places(8, 8, kinds=1),
    **{
        f"channels {shape}": lambda shape=shape: figure_of(channel_maps(RNG.uniform(size=shape), names(shape[0])))
        for shape in ((1, 8, 8), (4, 8, 8), (6, 16, 5), (32, 8, 8), (9, 1, 20))
    },
    **{f"relations of {n}": lambda n=n: relations(n) for n in (2, 6, 32, 128)},
    **{f"{n} moves": lambda n=n: moves(n) for n in (1, 6)},
    "moves far astray": lambda: moves(6, 4.0),
    "moves that are followed": lambda: moves(6, 0.0),
    "spectra": lambda: lines(4, 32),
    "long spectra": lambda: lines(32, 256, 32),
    **{f"scales of {n}": lambda n=n: scales(n) for n in (1, 6, 64)},
}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_nothing_is_cut_off(name):
    assert readable(FIGURES[name]()).get_figwidth() <= WIDE + 0.5


def pictures(ax) -> np.ndarray:
    return np.ma.filled(ax.images[0].get_array().astype(float), np.nan)


def test_offsets_are_shown_in_powers_of_ten_down_to_a_floor():
    own = np.zeros((3, 5))
    own[1, 2], own[0, 0] = 1e-1, 1e-3
    figure = figure_of(
        kernel_maps(own, own / 10, np.array([0.5, 1.0]), np.zeros(2), np.array([[0.4, 1.0], [0.6, 1.0]]))
    )
    first, second, shares = figure.axes
    assert pictures(first)[1, 2] == pytest.approx(-1) and pictures(first)[0, 0] == pytest.approx(-3)
    assert pictures(second)[1, 2] == pytest.approx(-2) and pictures(second)[0, 1] == pytest.approx(-6)
    assert first.images[0].get_extent() == [-2.5, 2.5, 1.5, -1.5]
    np.testing.assert_allclose([line.get_ydata() for line in shares.lines[:2]], [[0.4, 1.0], [0.6, 1.0]])
    figure_of(
        kernel_maps(0 * own, 0 * own, np.zeros(2), np.zeros(2), np.zeros((1, 2)))
    )  # nothing responds: still a figure


def test_places_that_were_not_asked_about_have_a_cross_and_small_values_stay_pale():
    values = np.array([[0.1, np.nan], [0.2, 0.3]])
    figure = figure_of(
        place_maps({"far": values, "activity": 5 * np.nan_to_num(values)}, {"far": 1.0, "activity": 1.0})
    )
    one, other = figure.axes
    np.testing.assert_allclose(pictures(one), values)
    assert one.images[0].get_clim() == (0, 1) and other.images[0].get_clim() == (0, 1.5)
    assert one.lines[0].get_xydata().tolist() == [[1, 0]] and len(other.lines[0].get_xydata()) == 0
    assert [scales_of(ax) for ax in figure.axes] == [["far"], ["activity"]]


def test_the_liveliest_channels_come_first_and_no_more_than_fit():
    variance = np.arange(20.0)[:, None, None] * np.ones((20, 3, 3))
    figure = figure_of(channel_maps(variance, names(20)))
    titles = [ax.get_title("left") for ax in figure.axes if ax.axison]
    assert titles[0] == "c19: 19" and titles[-1] == "c4: 4" and len(titles) == 16
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(0, 19)}


def test_the_diagonal_of_relations_is_blank():
    figure = figure_of(channel_relations(np.ones((3, 3)), -np.ones((3, 3)), names(3)))
    for ax, value in zip(figure.axes, (1, -1), strict=True):
        np.testing.assert_array_equal(pictures(ax), np.where(np.eye(3), np.nan, value))


def test_bars_have_their_lengths_and_the_mark_of_unrelated_codes_where_it_matters():
    values = np.array([0.1, 1.9])
    figure = figure_of(move_bars(["a", "b"], values, values / 10, values / 2, values / 10))
    (ax,) = figure.axes
    assert [bar.get_width() for bar in ax.patches] == [0.1, 1.9, 0.05, 0.95]
    assert ax.get_xlim()[1] > 1.9 * (1 + 1.96 / 10)
    assert "2: unrelated" in [text.get_text() for text in ax.get_legend().get_texts()]
    calm = moves(2, 0.3).axes[0]
    assert "2: unrelated" not in [text.get_text() for text in calm.get_legend().get_texts()]


def test_spectra_share_their_frequencies_and_dead_channels_have_no_line():
    channels = np.array([[0.6, 0.4], [0.0, 0.0]])
    figure = figure_of(
        spectra(channels[0], np.zeros(2), channels, np.array([6.0, 2.0, 1.0]), np.array([3.0, 1.0]), (-1, -2))
    )
    grey, fine, coarse, latent = figure.axes[0].lines[:4]
    np.testing.assert_allclose(grey.get_ydata(), [0.6, 0.4])
    np.testing.assert_allclose(fine.get_ydata(), [0.75, 0.25, 0.125])
    np.testing.assert_allclose(coarse.get_ydata(), [0.75, 0.25])
    np.testing.assert_allclose(latent.get_ydata(), [0.6, 0.4])


ONE, TWO = np.ones(1), np.ones(2)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: kernel_maps(np.ones((3, 3)), np.ones((3, 5)), TWO, TWO, np.ones((1, 2))),
        lambda: kernel_maps(np.ones((3, 3)), np.ones((3, 3)), TWO, TWO, np.ones((1, 3))),
        lambda: place_maps({}, {}),
        lambda: place_maps({"a": np.full((2, 2), np.nan)}, {}),
        lambda: channel_maps(np.ones((2, 3, 3)), names(3)),
        lambda: channel_relations(np.ones((2, 2)), np.ones((3, 3)), names(2)),
        lambda: move_bars([], np.ones(0), np.ones(0), np.ones(0), np.ones(0)),
        lambda: move_bars(["a"], ONE, ONE, ONE, TWO),
        lambda: spectra(TWO, TWO, np.ones((3, 2)), ONE, TWO, (0, 0)),
        lambda: spectra(TWO, TWO, np.ones((3, 3)), TWO, TWO, (0, 0)),
        lambda: channel_scales(ONE, ONE, TWO, ONE, 1.0, names(1)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(draw):
    with pytest.raises(InputError, match=r"must|needs"):
        draw()
