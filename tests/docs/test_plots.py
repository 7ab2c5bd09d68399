"""The page of pictures shows every function of ``latentassay.plots``, and its examples draw where they are told."""

import importlib.util
import inspect

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from conftest import ROOT
from latentassay import plots
from latentassay.plots.style import figure_of

spec = importlib.util.spec_from_file_location("make", ROOT / "docs" / "plots" / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

LARGEST, ALL = 35_000, 900_000
"""Bytes of a picture, and of all of them: a repository keeps every version."""


def test_page_is_in_step_with_the_code():
    assert make.PAGE.read_text("utf-8") == make.page(), "run python docs/plots/make.py"


@pytest.mark.parametrize("name", plots.__all__)
def test_every_function_has_its_entry_and_its_picture(name):
    page = make.PAGE.read_text("utf-8")
    assert page.count(f"### `{name}`\n") == page.count(f"](plots/{name}.png)") == 1
    assert f"la.plots.{name}(" in make.lines(name) and "**on" not in make.lines(name)
    path = make.HERE / f"{name}.png"
    with Image.open(path) as picture:
        assert "A" not in picture.mode and "transparency" not in picture.info
        assert min(picture.size) > 100 and max(picture.size) < 1000
    assert path.stat().st_size <= LARGEST


def test_pictures_are_those_of_functions_and_light():
    pictures = list(make.HERE.glob("*.png"))
    assert {path.stem for path in pictures} == set(plots.__all__)
    assert sum(path.stat().st_size for path in pictures) < ALL


@pytest.mark.parametrize("name", plots.__all__)
def test_lines_of_an_example_run_as_they_are_shown(name):
    exec(make.lines(name), dict(make.EXAMPLES))


@pytest.mark.parametrize("name", plots.__all__)
def test_an_example_draws_on_a_figure_of_its_own_or_on_axes_that_are_given(name):
    several = "axes" in inspect.signature(getattr(plots, name)).parameters
    drawn = make.example(name)()
    assert isinstance(drawn, np.ndarray if several else Axes)
    assert all(isinstance(ax, Axes) and ax.figure is figure_of(drawn) for ax in np.ravel(drawn))
    figure = Figure(figsize=(9, 5))
    if several:
        given = figure.subplots(1, len(drawn), squeeze=False)[0]
        assert [id(ax) for ax in make.example(name)(axes=given)] == [id(ax) for ax in given]
    else:
        ax = figure.add_subplot()
        assert make.example(name)(ax=ax) is ax
    assert not pyplot.get_fignums()
