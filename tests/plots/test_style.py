"""The look of figures, and the figure that holds what a function drew on."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.matrices import response_matrix
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


@pytest.mark.parametrize("form", ("png", "svg", "pdf"))
def test_a_picture_with_a_scale_of_colours_is_saved_in_every_format(form):
    """Matplotlib writes SVG and PDF with a renderer that is no ``RendererBase``."""
    ax, file = response_matrix(np.eye(3), range(3)), BytesIO()
    ax.figure.savefig(file, format=form)
    assert len(file.getvalue()) > 1000
