"""The figure of a hierarchy: bars that add up, dead variables without any, pictures where there are some."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.plots.hierarchy import NEEDS, hierarchy_panels
from latentassay.plots.style import figure_of
from tests.plots.looks import inside

LINEAR, FREE = np.array([0.2, 0.5, np.nan, 1.02]), np.array([0.6, 0.5, np.nan, 1.0])


def arrays(maps=(6, 9)):
    found = {
        "linear": LINEAR,
        "context_free": FREE,
        "places": np.array([0.1, 0.4, np.nan, 0.3]),
        "size": np.array([0.5, 0.7, 0.0, 0.2]),
    }
    found |= {f"{name}_stderr": np.where(np.isnan(value), np.nan, 0.02) for name, value in found.items()}
    return found | {"maps": np.ones((4, *maps)) * np.array([1, 4, 1e-9, 1]).reshape(4, *[1] * len(maps))}


def heights(ax):
    return [[bar.get_height() for bar in group] for group in ax.containers if len(group) == 4]


def test_shares_of_every_variable_add_up_and_are_what_they_should():
    figure = figure_of(hierarchy_panels(arrays(), labels=["a", "b", "c", "$d"], note="256 pairs"))
    where, shares, places, size = figure.axes
    others, bent, linear = np.array(heights(shares))
    np.testing.assert_allclose(others, [0.4, 0.5, np.nan, 0.0])
    np.testing.assert_allclose(bent, [0.4, 0.0, np.nan, 0.0], atol=1e-12)
    np.testing.assert_allclose(linear, [0.2, 0.5, np.nan, 1.0])  # more than all is drawn as all
    assert [text.get_text() for text in shares.texts] == ["dead"] and shares.texts[0].get_position()[0] == 2
    np.testing.assert_allclose(heights(size)[0], [0.5, 0.7, 0, 0.2])
    np.testing.assert_allclose(heights(places)[0], [0.1, 0.4, np.nan, 0.3])
    assert len(where.images) == 3 and all(np.asarray(image.get_array()).max() == 1 for image in where.images)
    assert [label.get_text() for label in size.get_xticklabels()] == ["a", "b", "c", "$d"]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()][-1] == "linear"
    assert "256 pairs; lines: 95 % intervals" in [text.get_text() for text in size.texts]


@pytest.mark.parametrize(("maps", "panels"), [((6, 9), 4), ((5,), 3), ((2, 3, 4), 3)])
def test_every_axis_is_named_and_nothing_is_clipped(maps, panels):
    note = "a note of some length that is put below all panels, " * 4
    figure = inside(hierarchy_panels(arrays(maps), place="numbers", note=note))
    assert len(figure.axes) == panels and all(ax.get_ylabel() for ax in figure.axes)
    assert figure.axes[-1].get_xlabel() == "variable" and "numbers" in figure.axes[-2].get_ylabel()


@pytest.mark.parametrize("name", NEEDS)
def test_absent_or_short_arrays_are_refused(name):
    with pytest.raises(InputError, match="one value for each variable"):
        hierarchy_panels({key: value for key, value in arrays().items() if key != name})
    with pytest.raises(InputError, match="one value for each variable"):
        hierarchy_panels(arrays() | {name: np.ones(3)})


def test_labels_must_fit():
    with pytest.raises(InputError, match="labels must be 4 names, got 1"):
        figure_of(hierarchy_panels(arrays(), labels=["a"]))
