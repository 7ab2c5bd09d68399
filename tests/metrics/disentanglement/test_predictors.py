"""What the predictors of DCI see, and what they say of factors that cannot be learned."""

import numpy as np
import pytest

from latentassay.metrics.disentanglement.predictors import (
    COLUMNS,
    LATENTS,
    PREDICTORS,
    predict,
    reduce_unit,
    unit_columns,
)
from tests.metrics.codes import noise


def test_constant_columns_are_kept_from_predictors_and_others_fill_the_unit_interval():
    codes = np.stack([noise(40, 1)[:, 0], np.full(40, 0.1), 1e9 * noise(40, 1, seed=1)[:, 0]], 1)
    columns, owner = unit_columns(codes, ((0, 1), (2,)), 0)
    assert columns.shape == (40, 2) and owner.tolist() == [0, 1]
    np.testing.assert_allclose([columns.min(0), columns.max(0)], [[0, 0], [1, 1]])


def test_large_units_are_reduced_to_what_varies_and_small_ones_stay_as_they_are():
    factor = noise(100, 3)
    wide = factor @ noise(3, 40, seed=1)
    found = reduce_unit(wide, LATENTS, 0)
    assert found.shape == (100, 3)  # no more directions hold any variance
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.linalg.norm(wide - wide.mean(0), axis=1))
    assert reduce_unit(factor, 3, 0) is factor and reduce_unit(np.ones((9, 5)), 2, 0).shape == (9, 5)
    many = tuple(tuple(range(4 * k, 4 * k + 4)) for k in range(40))
    assert unit_columns(noise(60, 160), many, 0)[0].shape[1] <= COLUMNS


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_importances_sum_to_one_or_nothing_is_predicted(predictor):
    factor = np.tile([0, 1, 2], 40)
    importance, success = predict(np.stack([factor / 2, np.linspace(0, 1, 120)], 1), factor, predictor, 0)
    assert importance.sum() == pytest.approx(1) and importance[0] > 0.9 and success > 0.9
    nothing, guess = predict(np.zeros((120, 0)), factor, predictor, 0)
    assert nothing.shape == (0,) and guess == pytest.approx(1 / 3, abs=0.02)
