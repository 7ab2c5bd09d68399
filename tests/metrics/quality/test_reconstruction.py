"""Explained variance against scikit-learn."""

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
    assert found.explained_interval.low < found.explained < found.explained_interval.high
    with pytest.raises(la.InputError, match="all observations are the same"):
        la.metrics.reconstruction(torch.ones(4, 2), torch.ones(4, 2))
    with pytest.raises(la.InputError, match="one shape"):
        la.metrics.reconstruction(torch.ones(4, 2), torch.ones(4, 3))
