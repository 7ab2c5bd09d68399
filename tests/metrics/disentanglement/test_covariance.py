"""What is a covariance, and what is refused."""

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics.disentanglement.covariance import linearly_dependent
from latentassay.metrics.disentanglement.gaussian_information import gaussian_pairs
from latentassay.metrics.disentanglement.total_correlation import gaussian_total_correlation


@pytest.mark.parametrize(
    ("covariance", "match"),
    [
        (np.ones(3), "shape"),
        (np.ones((2, 3)), "shape"),
        ([[1.0, 0.5], [0.4, 1.0]], "symmetric"),
        ([[1.0, np.nan], [np.nan, 1.0]], "finite"),
        ([[1.0, 2.0], [2.0, 1.0]], "semi-definite"),
        ([[-1.0, 0.0], [0.0, 1.0]], "semi-definite"),
        ([[0.0, 0.1], [0.1, 1.0]], "semi-definite"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, match):
    for measure in (gaussian_total_correlation, gaussian_pairs, linearly_dependent):
        with pytest.raises(la.InputError, match=match):
            measure(covariance)
