"""UDR against its formula as loops, closed forms of orthogonal codes, and facts that hold whatever the codes do."""

import math
import statistics

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

import latentassay as la
from latentassay.metrics.disentanglement.udr import _lasso, agreement, udr
from tests.metrics.codes import noise

GRID = np.indices((7, 7, 5)).reshape(3, -1).T - np.array([3.0, 3.0, 2.0])
BOTH = ["lasso", "spearman"]


def loops(similarity):
    """The published formula, term by term, of one matrix of similarities."""
    rows, columns = len(similarity), len(similarity[0])
    total = 0.0
    for b in range(columns):
        column = [similarity[a][b] for a in range(rows)]
        total += max(column) ** 2 / sum(column) if sum(column) else 0.0
    for a in range(rows):
        total += max(similarity[a]) ** 2 / sum(similarity[a]) if sum(similarity[a]) else 0.0
    return total / (rows + columns)


def turned(angle):
    """Two orthogonal units of one variance turned, a third left alone."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return GRID @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


@pytest.mark.parametrize("similarity", BOTH)
def test_copies_in_any_order_score_one(similarity):
    models = [GRID, -GRID[:, [2, 0, 1]], GRID[:, [1, 2, 0]] * [3, -1e-3, 1e3]]
    found = udr(models, similarity=similarity, threshold=0)
    np.testing.assert_allclose(found.scores, 1, atol=1e-3)
    np.testing.assert_allclose(found.pairs, 1 - np.eye(3), atol=1e-3)
    assert found.n == 245 and found.scores_stderr is None and all(mask.all() for mask in found.informative)


@pytest.mark.parametrize("similarity", BOTH)
def test_independent_codes_score_near_zero(similarity):
    models = [noise(4000, 5, seed=seed) for seed in range(3)]
    assert udr(models, similarity=similarity).scores.max() < 0.03


def test_spearman_equals_the_loops():
    models = [np.exp(GRID @ noise(3, d, seed=d)) + noise(245, d, seed=d + 9) for d in (3, 4, 2)]
    found = udr(models, similarity="spearman", threshold=0)
    for i in range(3):
        pairs = []
        for j in range(3):
            if i != j:
                similar = [[abs(spearmanr(a, b).statistic) for b in models[j].T] for a in models[i].T]
                pairs.append(loops(similar))
                assert found.pairs[i, j] == pytest.approx(pairs[-1], abs=1e-12)
        assert found.scores[i] == pytest.approx(statistics.median(pairs), abs=1e-12)
    assert found.best == found.scores.argmax()


@pytest.mark.parametrize("angle", [0, 10, 30, 45])
def test_lasso_of_orthogonal_codes_is_the_soft_threshold(angle):
    found = udr([GRID, turned(angle)])
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    a, b = max(0, c - 0.1) / 0.9, max(0, s - 0.1) / 0.9
    expected = loops([[a, b, 0], [b, a, 0], [0, 0, 1]])
    np.testing.assert_allclose(found.scores, expected, atol=1e-3)
    assert angle == 0 or 0.5 < expected < 0.95


def test_lasso_weights_meet_the_conditions_of_its_minimum():
    a, b = (x - x.mean(0) for x in (GRID @ noise(3, 2), GRID @ noise(3, 4, seed=1) + noise(245, 4, seed=2)))
    a, b = a / a.std(0), b / b.std(0)
    told = _lasso(a, b) * 0.9
    for unit, weights in zip(a.T, told, strict=True):
        # Signs are gone; one of the 2⁴ that fit must leave a gradient of 0.1 where weights are, and less elsewhere.
        signs = np.indices((2, 2, 2, 2)).reshape(4, -1).T * 2 - 1
        gaps = []
        for sign in signs:
            pull = b.T @ (unit - b @ (sign * weights)) / len(unit)
            gaps.append(np.where(weights > 0, np.abs(pull - 0.1 * sign), np.maximum(0, np.abs(pull) - 0.1)).max())
        assert min(gaps) < 1e-3


def test_entangled_models_rank_last():
    twins = [GRID + 0.1 * noise(245, 3, seed=seed) for seed in range(3)]
    for similarity in BOTH:
        found = udr([*twins, turned(40), turned(20)], similarity=similarity)
        assert found.scores[:3].min() > found.scores[3:].max() and found.best < 3


@pytest.mark.parametrize("similarity", BOTH)
def test_dead_units_are_left_out_wherever_they_are(similarity):
    models = [GRID, turned(20), GRID + 0.3 * noise(245, 3)]
    plain = udr(models, similarity=similarity)
    for places in ([0, 0], [3, 3], [1]):
        found = udr([np.insert(models[0], places, 0.1, axis=1), *models[1:]], similarity=similarity)
        np.testing.assert_array_equal(found.pairs, plain.pairs)
        assert found.informative[0].sum() == 3


@pytest.mark.parametrize("similarity", BOTH)
def test_models_without_informative_units_score_zero(similarity):
    dead = np.full((245, 2), 0.1)
    found = udr([dead, GRID, GRID, dead], similarity=similarity)
    assert found.pairs[1, 2] == pytest.approx(1, abs=1e-3) and found.pairs[0, 3] == 0
    assert found.scores.tolist() == [0, 0, 0, 0] and np.isfinite(found.pairs).all()
    told = udr([dead, dead], kl=[[1, 1], [1, 1]], similarity=similarity)  # informative by word, silent in fact
    assert told.scores.tolist() == [0, 0]


def test_divergence_decides_what_is_informative():
    models = [np.hstack([GRID, noise(245, 1)]), np.hstack([noise(245, 1, seed=1), GRID])]
    kl = [np.array([2.0, 1.0, np.inf, 0.001]), torch.tensor([0.009, 3.0, 0.02, 1.0])]
    found = udr(models, kl=kl)
    np.testing.assert_allclose(found.scores, 1, atol=1e-3)
    assert found.informative[1].tolist() == [False, True, True, True] and "0.01 nats" in found.variant
    assert udr(models, kl=kl, threshold=0.0001).scores.max() < 0.8
    assert udr(models).scores.max() < 0.8 and "of the largest" in udr(models).variant


def test_one_unit_of_each_counts_by_what_it_shares():
    assert agreement(np.array([[0.5]])) == 0.5
    assert agreement(np.array([[1.0, 1.0]])) == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert agreement(np.array([[0.3, 0.1], [0.0, 0.6], [0.2, 0.2]])) == pytest.approx(
        loops([[0.3, 0.1], [0.0, 0.6], [0.2, 0.2]])
    )
    assert udr([GRID[:, :1], GRID]).pairs[0, 1] == pytest.approx(1 / 2, abs=1e-3)


def test_copies_within_a_model_are_finite_and_warn_of_nothing():
    doubled = np.hstack([GRID, GRID, GRID @ noise(3, 2)])
    for similarity in BOTH:
        scores = udr([doubled, GRID, doubled + 1e-9 * noise(245, 8)], similarity=similarity).scores
        assert np.isfinite(scores).all() and scores.min() > 0.2 and scores.max() <= 1


def test_standard_errors_and_tensors():
    models = [GRID + noise(245, 3, seed=seed) for seed in range(3)]
    for similarity in BOTH:
        found = udr([torch.from_numpy(c) for c in models], similarity=similarity, resamples=10)
        assert found.scores_stderr.shape == (3,) and (found.scores_stderr > 0).all()
        assert (found.scores_stderr < found.scores).all()


def test_standard_errors_are_those_of_halves_with_students_t_inside():
    models = [GRID[:244] + noise(244, 3, seed=seed) for seed in range(3)]
    found = udr(models, resamples=2, generator=1)
    order = np.random.default_rng(1).permutation(244)
    first, other = (udr([c[np.sort(rows)] for c in models]).scores for rows in (order[:122], order[122:]))
    t = 12.7062  # of one pair
    np.testing.assert_allclose(found.scores_stderr, np.abs(first - other) / 2 * t / 1.959964, rtol=1e-4)


@pytest.mark.parametrize(
    ("models", "options", "match"),
    [
        ([GRID], {}, "at least 2 models"),
        ([GRID, GRID[:9]], {}, "the same samples"),
        ([GRID, GRID[:, 0]], {}, "shape"),
        ([GRID, GRID[:, :0]], {}, "shape"),
        ([GRID, GRID * np.nan], {}, r"models \[1\] hold NaN"),
        ([GRID, GRID], {"similarity": "pearson"}, "lasso, spearman"),
        ([GRID, GRID], {"kl": [np.ones(3), np.ones(2)]}, "kl"),
        ([GRID, GRID], {"kl": [np.ones(3)]}, "kl"),
        ([GRID, GRID], {"kl": [np.ones(3), np.ones(3) * np.nan]}, "without NaN"),
        ([GRID, GRID], {"resamples": 1}, "resamples"),
    ],
)
def test_udr_refuses_bad_input(models, options, match):
    with pytest.raises(la.InputError, match=match):
        udr(models, **options)
