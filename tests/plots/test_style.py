"""The look of figures, and the figure that holds what a function drew on."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.style import figure_of


def test_the_figure_of_panels_is_found_whatever_form_they_come_in():
    figure = Figure()
    panels = figure.subplots(2, 2)
    for drawn in (figure, panels[0, 0], panels, panels[0], list(panels.flat), np.array(panels[0, 0])):
        assert figure_of(drawn) is figure
    assert figure_of(panels[0, 0].inset_axes((0, 0, 1, 1))) is figure


def test_axes_that_were_removed_belong_to_no_figure():
    ax = Figure().add_subplot()
    ax.remove()
    with pytest.raises(InputError, match="belong to a figure"):
        figure_of(ax)
