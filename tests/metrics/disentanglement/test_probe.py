"""The probes against scikit-learn's regressions."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

import latentassay as la
from latentassay.core.errors import InputError
from latentassay.metrics.disentanglement.probe import PENALTY, _Objective, linear_probe, logistic, roc_areas, with_one
from latentassay.metrics.disentanglement.splits import split_rows, standardise
from tests.metrics.codes import ends, noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T


SMALL_GRID = np.indices((10, 10)).reshape(2, -1).T


@pytest.mark.parametrize("k", [2, 3, 8])
@pytest.mark.parametrize("correlated", [False, True])
def test_logistic_equals_scikit_learn(k, correlated):
    values = (k * np.random.default_rng(k).random(1200) ** 1.5).astype(int)
    x = np.hstack([values[:, None], values[:, None] % 3, values[:, None] ** 2]) + noise(1200, 3)
    x = standardise(np.hstack([x, x[:, :1] + 0.02 * noise(1200, 1, seed=1)]) if correlated else x)
    # Of two values, the library penalises the difference of both rows, which is half of their penalties.
    library = LogisticRegression(C=2 * PENALTY if k == 2 else PENALTY, max_iter=10_000, tol=1e-8).fit(x, values)
    told = softmax(with_one(x) @ logistic(x, values, tolerance=1e-4).T, 1)
    np.testing.assert_allclose(told, library.predict_proba(x), atol=0.01)


def test_objective_has_the_gradient_it_says():
    x, values = noise(40, 3), np.arange(40) % 4
    objective, at = _Objective(with_one(x).T.copy(), values, np.diag([0.5, 0.1, 2, 0])), noise(16)
    loss, gradient = objective(at)
    w = at.reshape(4, 4)
    expected = -np.log(softmax(with_one(x) @ w.T, 1)[np.arange(40), values]).sum()
    assert loss == pytest.approx(expected + (w**2 @ [0.5, 0.1, 2, 0]).sum() / 2)
    for i, step in enumerate(1e-5 * np.eye(16)):
        assert gradient[i] == pytest.approx((objective(at + step)[0] - objective(at - step)[0]) / 2e-5, abs=1e-5)


@pytest.mark.parametrize("grid", [SMALL_GRID, GRID])
@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_perfect_and_turned_codes_are_told(grid, kind):
    assert linear_probe(grid + 0.0, grid, kind=kind).score == pytest.approx(1)
    assert linear_probe(grid @ noise(grid.shape[1], 5), grid, kind=kind).score > 0.98


def test_noise_tells_the_baseline():
    factors = np.stack([np.minimum(GRID[:, 0], 4), GRID[:, 1]], 1)
    found = linear_probe(noise(1000, 4), factors)
    np.testing.assert_allclose(found.baseline, [0.6, 0.1], atol=0.01)
    np.testing.assert_allclose(found.per_factor, found.baseline, atol=0.04)
    linear = linear_probe(noise(1000, 4), factors, kind="linear")
    assert -0.05 < linear.score < 0.02 and linear.baseline.tolist() == [0, 0]


def test_rings_are_not_told():
    angle, ring = 2 * np.pi * np.random.default_rng(0).random(600), np.arange(600) % 2
    codes = (1 + ring[:, None]) * np.stack([np.cos(angle), np.sin(angle)], 1)
    assert linear_probe(codes, ring).score < 0.65
    assert linear_probe(np.square(codes), ring).score == 1


@pytest.mark.parametrize("noisy", [0.3, 3.0])
def test_both_kinds_equal_scikit_learn(noisy):
    factors = np.random.default_rng(0).integers(0, [3, 9, 5], (1500, 3))
    codes = factors @ noise(3, 6) + noisy * noise(1500, 6, seed=1)
    found, linear = linear_probe(codes, factors), linear_probe(codes, factors, kind="linear")
    seen = standardise(codes)
    for m in range(3):
        train, test = split_rows(factors[:, m], 0)
        library = LogisticRegression(C=PENALTY, max_iter=5000, tol=1e-6).fit(seen[train], factors[train, m])
        assert found.per_factor[m] == pytest.approx(library.score(seen[test], factors[test, m]), abs=0.01)
        train, test = split_rows(np.argsort(np.argsort(factors[:, m], kind="stable")) // 3, 0)
        fitted = LinearRegression().fit(codes[train], factors[train, m])
        assert linear.per_factor[m] == pytest.approx(fitted.score(codes[test], factors[test, m]), abs=1e-9)
    assert found.score == pytest.approx(found.per_factor.mean()) and found.n == 1500
    assert "C = 1000" in found.variant and "numbered in order" in linear.variant


@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_labels_may_be_one_column_or_a_line(kind):
    labels = np.random.default_rng(0).integers(0, 4, 300)
    codes = labels[:, None] + 0.5 * noise(300, 1)
    column = linear_probe(codes, labels[:, None], kind=kind)
    for line in (labels, labels.tolist(), torch.from_numpy(labels)):
        assert linear_probe(codes, line, kind=kind).score == column.score
    assert column.per_factor.shape == (1,)


@pytest.mark.parametrize("kind", ["logistic", "linear"])
@pytest.mark.parametrize("place", [0, 2, 3])
def test_dead_units_copies_scale_and_names_change_little(kind, place):
    codes = GRID @ noise(3, 3) + noise(1000, 3)
    plain = linear_probe(codes, GRID, kind=kind)
    for again in (
        linear_probe(np.insert(codes, place, 0.1, axis=1), GRID, kind=kind),
        linear_probe(np.hstack([codes, 2 * codes]), GRID, kind=kind),
        linear_probe(-3 * codes + [0, 1e3, 7], GRID, kind=kind),
        linear_probe(torch.from_numpy(codes), 7 * GRID - 4, kind=kind),
    ):
        np.testing.assert_allclose(again.per_factor, plain.per_factor, atol=0.01)
    dead = linear_probe(np.ones((1000, 2)), GRID, kind=kind)
    np.testing.assert_allclose(dead.per_factor, dead.baseline, atol=0.01)


@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_interval_holds_the_score_and_inputs_are_left_alone(kind):
    codes, factors = GRID + 2 * noise(1000, 3), GRID.copy()
    before, state = codes.copy(), np.random.get_state()[1].copy()
    found = linear_probe(codes, factors, kind=kind, resamples=6)
    assert found.score.low < found.score < found.score.high < found.score.low + 0.2
    assert found.score != linear_probe(codes, factors, kind=kind, generator=1).score
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(factors, GRID)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_a_probe_that_is_right_in_all_rows_may_still_err_in_3_of_those_tested():
    score = linear_probe(GRID + 0.0, GRID, resamples=6).score
    tested = 3 * sum(len(range(1, 100, 3)) for _ in range(10))  # every third row of each of ten values, three factors
    assert score == 1 == score.high and score.low == pytest.approx(1 - 3 / tested)


@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_rare_values_and_many_units_are_no_obstacle(kind):
    factors = SMALL_GRID.copy()
    factors[0], factors[1:3, 0] = (99, 50), 77
    found = linear_probe(noise(100, 300), factors, kind=kind, resamples=4)
    assert np.isfinite(found.per_factor).all() and np.isfinite(ends(found.score)).all()
    assert linear_probe([[0.0], [1.0]], [0, 1], kind="linear", resamples=2).score == 0


@pytest.mark.parametrize(
    ("codes", "factors", "match"),
    [
        (np.zeros(5), SMALL_GRID, "codes"),
        (noise(100, 3), SMALL_GRID[:7], "factors"),
        (noise(100, 3), SMALL_GRID[:7, 0], "factors"),
        (noise(100, 3), SMALL_GRID + 0.5, "integer"),
        (noise(100, 3) * np.nan, SMALL_GRID, "NaN"),
        (noise(100, 3), SMALL_GRID * 0, "never vary"),
        (noise(100, 3), np.arange(100), "too few rows"),
    ],
)
def test_probe_refuses_bad_input(codes, factors, match):
    with pytest.raises(la.InputError, match=match):
        linear_probe(codes, factors)


def test_probe_refuses_unknown_kinds_and_takes_amounts_that_never_repeat():
    with pytest.raises(la.InputError, match="logistic, linear, got 'deep'"):
        linear_probe(GRID + 0.0, GRID, kind="deep")
    assert linear_probe(np.arange(100.0)[:, None], np.arange(100), kind="linear").score == pytest.approx(1)


@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_rows_of_their_own_are_measured_on_and_never_learned(kind):
    rng = np.random.default_rng(0)
    codes, other = rng.normal(size=(300, 3)), rng.normal(size=(200, 3))
    factors, theirs = (codes[:, 0] > 0).astype(int), (other[:, 0] > 0).astype(int)
    found = linear_probe(codes, factors, test=(other, theirs), kind=kind)
    assert found.score > (0.95 if kind == "logistic" else 0.5) and "rows of their own" in found.variant
    # What is learned does not change with the labels of the rows that are measured on.
    turned = linear_probe(codes, factors, test=(other, 1 - theirs), kind=kind)
    if kind == "logistic":
        assert turned.score == pytest.approx(1 - found.score)
    assert turned.score < found.score


@pytest.mark.parametrize(
    ("test", "options", "match"),
    [
        ((np.zeros((4, 2)), np.zeros(4, int)), {}, "must have shapes"),
        ((np.zeros((4, 3)), np.zeros((4, 2), int)), {}, "must have shapes"),
        ((np.zeros((4, 3)), np.zeros(5, int)), {}, "factors must have shape"),
        ((np.full((4, 3), np.nan), np.zeros(4, int)), {}, "NaN"),
        ((np.zeros((4, 3)), np.zeros(4, int)), {"resamples": 3}, "leave out test"),
    ],
)
def test_rows_to_test_on_must_fit(test, options, match):
    codes, factors = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30) % 2
    with pytest.raises(InputError, match=match):
        linear_probe(codes, factors, test=test, **options)


def test_areas_equal_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 6, (200, 5)) / 5, rng.random((200, 5)) < [0.5, 0.1, 0.9, 0.01, 0.3]
    expected = [roc_auc_score(truth[:, k], scores[:, k]) for k in range(5)]
    np.testing.assert_allclose(roc_areas(scores, truth), expected, atol=1e-12)
    assert np.isnan(roc_areas(scores[:, :2], np.stack([truth[:, 0] | True, truth[:, 0] & False], 1))).all()
