import numpy as np
import torch
from scipy.optimize import minimize, rosen, rosen_der
from torch.testing import assert_close

from latentassay.geometry.minimise import minimise


def test_every_row_finds_the_minimum_that_scipy_finds():
    starts = torch.from_numpy(np.random.default_rng(0).uniform(-2, 2, (8, 2)))

    def slope(x, rows):
        return tuple(torch.from_numpy(np.stack([f(row) for row in x.numpy()])) for f in (rosen, rosen_der))

    found = minimise(slope, starts, torch.full((8,), 1e-3).double(), iterations=300, tolerance=1e-9)
    for at, value, start in zip(found.at, found.value, starts, strict=True):
        theirs = minimize(rosen, start.numpy(), jac=rosen_der, method="L-BFGS-B")
        assert float(value) <= theirs.fun + 1e-6
        assert_close(at, torch.from_numpy(theirs.x), atol=2e-2, rtol=0.0)


def test_rows_do_not_depend_on_each_other_and_done_ones_are_not_asked_again():
    asked = []

    def slope(x, rows):
        asked.append(rows.tolist())
        size = 10.0 ** rows.double()[:, None] * torch.arange(1, 4)
        return (size * (x - 1).square()).sum(1), 2 * size * (x - 1)

    start = torch.zeros(3, 3).double()
    start[1] = 1  # there already
    together = minimise(slope, start, torch.ones(3).double(), iterations=60, tolerance=1e-12)
    assert_close(together.at, torch.ones(3, 3).double(), atol=1e-4, rtol=0.0)
    assert together.steps[1] == 0 and all(1 not in rows for rows in asked[1:])
    alone = minimise(
        lambda x, rows: slope(x, rows + 2), start[2:], torch.ones(1).double(), iterations=60, tolerance=1e-12
    )
    assert_close(alone.at[0], together.at[2])


def test_values_never_rise_even_where_slopes_lie():
    found = minimise(
        lambda x, rows: (x.square().sum(1), -x), torch.ones(2, 2), torch.ones(2), iterations=5, tolerance=0.0
    )
    assert_close(found.at, torch.ones(2, 2))
    assert not found.steps.any()
