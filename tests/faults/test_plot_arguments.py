import numpy as np
import pytest

import latentassay as la
from latentassay.faults.plot_arguments import PLOTS


def test_everything_that_draws_has_arguments():
    assert set(PLOTS) == set(la.plots.__all__)


@pytest.mark.parametrize("name", ["strips", "unit_bars", "path_map"])
def test_what_is_drawn_holds_something(name):
    drawn = np.atleast_1d(np.asarray(getattr(la.plots, name)(**PLOTS[name]()), dtype=object))
    assert all(axes.has_data() for axes in drawn.flat)
