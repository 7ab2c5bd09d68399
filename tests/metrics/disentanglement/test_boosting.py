"""The booster against scikit-learn's, tree by tree, and against what it promises beyond."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

import latentassay as la
from latentassay.metrics.disentanglement.boosting import _bins, boost


def problem(classes, n=500, d=5, values=90, seed=0):
    """Columns of few enough values for exact bins, and classes that depend on some of them."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, values, (n, d)).astype(float)
    level = codes[:, 0] + 0.5 * codes[:, 1] + 8 * rng.normal(size=n)
    return codes, np.digitize(level, np.quantile(level, np.arange(1, classes) / classes))


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize(("stages", "depth"), [(1, 1), (1, 2), (1, 3), (2, 3), (15, 3), (10, 4)])
def test_trees_are_scikit_learns(classes, stages, depth):
    codes, y = problem(classes, n=4000)
    theirs = GradientBoostingClassifier(n_estimators=stages, max_depth=depth, random_state=0).fit(
        codes[:3000], y[:3000]
    )
    ours = boost(codes, y[:3000], stages=stages, depth=depth)
    raw, expected = ours.raw, theirs.decision_function(codes).reshape(len(codes), -1)
    if classes > 2:  # what is added to all classes alike says nothing
        raw, expected = (scores - scores.mean(1, keepdims=True) for scores in (raw, expected))
    same = np.isclose(raw[:3000], expected[:3000], atol=1e-10).all(1)
    # scikit-learn breaks ties by lot; deep nodes are small and have some, and from there on a few rows differ.
    assert same.all() or (depth > 2 and same.mean() > 0.9)
    np.testing.assert_allclose(ours.importance, theirs.feature_importances_, atol=1e-10 if depth < 3 else 2e-3)
    # A row between two values that a node has seen is on either side of the cut, by where in the gap it lies.
    assert np.mean(ours.predict() == theirs.predict(codes)) > 0.99


def test_a_copy_shares_and_order_does_not_matter():
    codes, y = problem(4)
    plain = boost(codes, y).importance
    np.testing.assert_allclose(boost(codes[:, ::-1], y).importance[::-1], plain, rtol=1e-9)
    np.testing.assert_allclose(boost(-3 * codes, y).importance, plain, rtol=1e-6)
    double = boost(np.hstack([codes, -codes[:, :1]]), y).importance
    assert double[0] == pytest.approx(double[5], rel=1e-6) and double[0] + double[5] == pytest.approx(
        plain[0], abs=0.01
    )


def test_columns_that_say_nothing_get_nothing():
    codes, y = problem(3)
    found = boost(np.hstack([codes, np.ones((500, 1))]), y)
    assert found.importance[5] == 0 and found.importance.sum() == pytest.approx(1)
    assert not boost(np.ones((20, 2)), np.arange(20) % 2).importance.any()


def test_trees_that_grow_in_parties_are_the_same(monkeypatch):
    codes, y = problem(7)
    whole = boost(codes, y, stages=5)
    monkeypatch.setattr("latentassay.metrics.disentanglement.boosting.ELEMENTS", 5 * 90 * 4 * 2)
    np.testing.assert_allclose(boost(codes, y, stages=5).raw, whole.raw, rtol=1e-12)


def test_bins_are_values_or_about_equally_full_and_never_part_equal_values():
    x = np.random.default_rng(0).normal(size=1000)
    assert np.bincount(_bins(x, 1000, 50)).max() <= 3 * 1000 / 50 and _bins(x, 1000, 50).max() == 49
    np.testing.assert_array_equal(_bins(np.array([3.0, 1, 2, 1, 3]), 5, 50), [2, 0, 1, 0, 2])
    heavy = np.concatenate([np.zeros(900), x[:100]])
    assert len(set(_bins(heavy, 1000, 20)[:900])) == 1


def test_cuts_go_between_clusters():
    rng = np.random.default_rng(0)
    level = rng.permutation(np.arange(1000) * 7 // 1000)
    bins = _bins(level + 0.05 * rng.normal(size=1000), 1000, 20)
    assert all(len(set(level[bins == b])) == 1 for b in range(20))


@pytest.mark.parametrize(
    ("classes", "bins", "match"), [([0, 0], 9, "classes"), ([0, 2], 9, "classes"), ([0, 1], 256, "bins")]
)
def test_refuses(classes, bins, match):
    with pytest.raises(la.InputError, match=match):
        boost(np.eye(2), np.array(classes), bins=bins)
