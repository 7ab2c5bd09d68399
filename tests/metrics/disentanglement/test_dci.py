"""DCI against facts that hold whatever the code does, and against its entropies written as loops."""

import math

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.disentanglement.dci import concentration
from tests.metrics.codes import noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T
SMALL_GRID = np.indices((10, 10)).reshape(2, -1).T
dci = la.metrics.dci


def loops(importance):
    """Eastwood and Williams' equations, term by term: D and C."""
    m, u = len(importance), len(importance[0])
    total = sum(importance[i][j] for i in range(m) for j in range(u))
    disentanglement = 0.0
    for j in range(u):
        column = sum(importance[i][j] for i in range(m))
        entropy = 0.0
        for i in range(m):
            if importance[i][j] > 0:
                entropy -= importance[i][j] / column * math.log(importance[i][j] / column, m)
        disentanglement += column / total * (1 - entropy)
    completeness = 0.0
    for i in range(m):
        row = sum(importance[i])
        completeness += 1 / m
        for j in range(u):
            if importance[i][j] > 0:
                completeness += importance[i][j] / row * math.log(importance[i][j] / row, u) / m
    return disentanglement, completeness


@pytest.mark.parametrize("grid", [SMALL_GRID, GRID])
@pytest.mark.parametrize("predictor", ["histogram", "boosting", "forest", "lasso"])
def test_perfect_code_scores_one(grid, predictor):
    if predictor == "boosting":
        grid = grid[:, :2][(grid < 6).all(1)]
    found = dci(grid + 0.0, grid, predictor=predictor)
    assert found.disentanglement == pytest.approx(1, abs=1e-6) and found.completeness == pytest.approx(1, abs=1e-6)
    assert found.informativeness == (1 if predictor != "lasso" else pytest.approx(1, abs=1e-3))
    np.testing.assert_allclose(found.importance, np.eye(grid.shape[1]), atol=1e-6)


@pytest.mark.parametrize("predictor", ["histogram", "forest", "lasso"])
def test_six_units_of_noise_do_not_change_a_perfect_code(predictor):
    found = dci(np.hstack([GRID, noise(1000, 6)]), GRID, predictor=predictor)
    assert found.disentanglement == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("predictor", "least"), [("histogram", 0.95), ("forest", 0.98), ("lasso", 0.98)])
def test_blurred_levels_are_still_disentangled(predictor, least):
    found = dci(np.hstack([GRID + 0.2 * noise(1000, 3), noise(1000, 6, seed=1)]), GRID, predictor=predictor)
    assert found.disentanglement > least and 0.95 < found.informativeness < 1


def test_rounding_does_not_cost_informativeness():
    factors = np.indices((6, 5, 4)).reshape(3, -1).T
    assert dci(factors + 1e-7 * noise(120, 3), factors).informativeness == 1


def test_an_independent_code_scores_near_zero():
    found = dci(noise(1000, 6), GRID)
    assert found.disentanglement < 0.02 and found.completeness < 0.02 and found.informativeness < 0.15


def test_copies_halve_completeness_in_nats():
    factors = np.random.default_rng(0).integers(0, 5, (1000, 5))
    found = dci(np.hstack([factors, factors]) + 0.0, factors)
    assert found.completeness == pytest.approx(1 - math.log(2) / math.log(10), abs=1e-9)
    assert found.disentanglement == pytest.approx(1, abs=1e-9)


def test_one_unit_for_two_factors_is_entangled():
    found = dci(np.stack([10 * GRID[:, 0] + GRID[:, 1], GRID[:, 2]], 1), GRID)
    both = 1 - math.log(2) / math.log(3)
    np.testing.assert_allclose(found.disentanglement_per_unit, [both, 1], atol=0.02)
    assert found.disentanglement == pytest.approx((2 * both + 1) / 3, abs=0.02)
    assert found.completeness > 0.98


def test_a_turn_by_45_degrees_entangles():
    turned = GRID + 0.0
    turned[:, 0], turned[:, 1] = (GRID[:, 0] - GRID[:, 1]) / 2**0.5, (GRID[:, 0] + GRID[:, 1]) / 2**0.5
    found = dci(turned, GRID)
    assert found.disentanglement < 0.65 and found.disentanglement_per_unit[2] > 0.98


@pytest.mark.parametrize("place", [0, 2, 3])
@pytest.mark.parametrize("predictor", ["histogram", "forest", "lasso", "boosting"])
def test_a_dead_unit_changes_no_more_than_the_logarithm(predictor, place):
    factors = np.indices((5, 4, 3)).reshape(3, -1).T
    codes = factors @ np.array([[1, 0.2, 0], [0, 1, 0], [0, 0.3, 1]]) + 0.1 * noise(60, 3)
    plain = dci(codes, factors, predictor=predictor)
    found = dci(np.insert(codes, place, 0.1, axis=1), factors, predictor=predictor)
    assert found.disentanglement == pytest.approx(plain.disentanglement, abs=1e-12)
    np.testing.assert_array_equal(np.delete(found.importance, place, 1), plain.importance)
    assert found.informativeness == plain.informativeness
    assert found.importance[:, place].max() == found.disentanglement_per_unit[place] == 0
    rest = (1 - plain.completeness_per_factor) * math.log(3) / math.log(4)
    np.testing.assert_allclose(found.completeness_per_factor, 1 - rest, atol=1e-12)


def test_only_dead_units_know_nothing():
    found = dci(np.ones((100, 3)), SMALL_GRID)
    assert (found.disentanglement, found.completeness) == (0, 0) and found.informativeness <= 0.2
    assert not found.importance.any() and found.importance.shape == (2, 3)


def test_equals_the_loops_and_rows_sum_to_one():
    factors = np.random.default_rng(3).integers(0, 4, (300, 4))
    found = dci(factors @ noise(4, 7) + 0.3 * noise(300, 7, seed=1), factors)
    expected = loops(found.importance.tolist())
    assert (found.disentanglement, found.completeness) == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(found.importance.sum(1), 1)
    assert found.importance.min() >= 0 and found.n == 300 and "gradient boosted" in found.variant


def test_empty_rows_and_columns_count_as_nothing():
    shares = np.array([[0.0, 0.5, 0.5], [0, 0, 0], [3, 0, 0]])
    np.testing.assert_allclose(concentration(shares), [1 - math.log(2) / math.log(3), 0, 1])


def test_units_add_up_their_latents():
    codes = np.stack([GRID[:, 0] // 5, GRID[:, 0] % 5, GRID[:, 1], np.zeros(1000), GRID[:, 2]], 1)
    found = dci(codes, GRID, units=[[0, 1], [2], [3], [4]])
    np.testing.assert_allclose(found.importance, np.eye(4)[[0, 1, 3]], atol=0.02)
    assert found.completeness > 0.98


def test_a_large_unit_is_told_by_its_principal_components():
    wide = np.hstack([GRID[:, :1] @ noise(1, 40), GRID[:, 1:] @ noise(2, 30, seed=1), np.zeros((1000, 20))])
    found = dci(wide, GRID, units=[range(40), range(40, 70), range(70, 90)])
    assert found.importance[0, 0] > 0.98 and found.importance[1:, 1].min() > 0.98 and not found.importance[:, 2].any()
    assert found.informativeness > 0.6


def test_scale_and_names_of_values_do_not_matter_and_seeds_do():
    codes = GRID @ noise(3, 4) + noise(1000, 4)
    found = dci(codes, GRID)
    for again in (
        dci(codes * [1e-9, 1, 1e9, 3], GRID),
        dci(codes, 7 * GRID - 4),
        dci(torch.from_numpy(codes), GRID),
    ):
        np.testing.assert_allclose(again.importance, found.importance)
    assert not np.array_equal(dci(codes, GRID, generator=1).importance, found.importance)


def test_inputs_and_global_randomness_are_left_alone():
    codes, factors = noise(100, 3), SMALL_GRID.copy()
    before, state = codes.copy(), np.random.get_state()[1].copy()
    dci(codes, factors)
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(factors, SMALL_GRID)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_rare_values_are_no_obstacle():
    factors = SMALL_GRID.copy()
    factors[0] = 99, 50
    found = dci(factors + 0.0, factors)
    assert found.disentanglement > 0.9


@pytest.mark.parametrize(
    ("codes", "factors", "match"),
    [
        (np.zeros(5), SMALL_GRID, "codes"),
        (noise(100, 1), SMALL_GRID, "at least 2 units"),
        (noise(100, 3), SMALL_GRID[:, :1], "at least 2 units and 2 factors, got 3 and 1"),
        (noise(100, 3), SMALL_GRID[:7], "factors"),
        (noise(100, 3), SMALL_GRID + 0.5, "integer"),
        (noise(100, 3) * np.nan, SMALL_GRID, "NaN"),
        (noise(100, 3), SMALL_GRID * [1, 0], r"\[1\] never vary"),
        (noise(100, 3), np.stack([np.arange(100), np.arange(100) % 2], 1), r"factors \[0\] have too few rows"),
        (noise(100, 3), np.stack([np.arange(100) % 2, np.arange(100) == 7], 1) * 1, r"factors \[1\] have too few"),
    ],
)
def test_dci_refuses_bad_input(codes, factors, match):
    with pytest.raises(la.InputError, match=match):
        dci(codes, factors)


def test_dci_refuses_unknown_predictors_and_units():
    with pytest.raises(la.InputError, match="forest, lasso, got 'ridge'"):
        dci(GRID + 0.0, GRID, predictor="ridge")
    with pytest.raises(la.InputError, match="share latents"):
        dci(GRID + 0.0, GRID, units=[[0, 1], [1]])
