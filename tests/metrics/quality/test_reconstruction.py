"""Explained variance against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score

import latentassay as la
from tests.metrics.codes import noise


def test_explained_variance_equals_scikit_learn():
    x = torch.from_numpy(noise(200, 6))
    decoded = 0.7 * x + 0.1 * torch.from_numpy(noise(200, 6, seed=1))
    found = la.metrics.reconstruction(x, decoded)
    assert found.explained == pytest.approx(r2_score(x, decoded, multioutput="variance_weighted"))
    assert found.explained.low < found.explained < found.explained.high
    with pytest.raises(la.InputError, match="all observations are the same"):
        la.metrics.reconstruction(torch.ones(4, 2), torch.ones(4, 2))
    with pytest.raises(la.InputError, match="one shape"):
        la.metrics.reconstruction(torch.ones(4, 2), torch.ones(4, 3))
    with pytest.raises(la.InputError, match="decoded holds NaN or infinite values in 4 of 4 rows"):
        la.metrics.reconstruction(np.ones((4, 2)), np.full((4, 2), np.nan))


def test_arrays_and_tensors_give_the_same():
    x, decoded = noise(20, 3, 2), noise(20, 3, 2, seed=1)
    of_arrays = la.metrics.reconstruction(x, decoded)
    assert of_arrays[:2] == la.metrics.reconstruction(torch.from_numpy(x), torch.from_numpy(decoded))[:2]
    assert of_arrays.mse.n == of_arrays.explained.n == 20


def test_complex_observations_are_refused():
    x = noise(20, 3)
    with pytest.raises(la.InputError, match="x must be a dense tensor of real numbers, got complex"):
        la.metrics.reconstruction(x + 0j, x)
    with pytest.raises(la.InputError, match="decoded must be a dense tensor of real numbers, got complex"):
        la.metrics.reconstruction(x, torch.from_numpy(x + 0j))
