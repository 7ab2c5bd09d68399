"""Distances between two sets of features keep the laws they declare, and break those they say they break."""

from functools import cache

import numpy as np
import pytest

from tests.laws.laws import SAMPLE_LAWS

CHANGES = ["swapped", "shuffled", "permuted", "negated", "moved", "rescaled", "dead"]
SEEDS = range(4)


@cache
def two(seed):
    """200 and 200 rows of 4 features, the second a little off and correlated otherwise."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(200, 4)), rng.normal(size=(200, 4)) @ (np.eye(4) + 0.3 * rng.normal(size=(4, 4))) + 0.2


def changed(law, a, b, rng):
    order, signs = rng.permutation(4), np.array([-1, 1, -1, 1])
    return {
        "swapped": (b, a),
        "shuffled": (a[rng.permutation(len(a))], b[rng.permutation(len(b))]),
        "permuted": (a[:, order], b[:, order]),
        "negated": (a * signs, b * signs),
        "moved": (a + 3, b + 3),
        "rescaled": (4 * a, 4 * b),
        "dead": (np.insert(a, 2, 0.0, axis=1), np.insert(b, 2, 0.0, axis=1)),
    }[law]


def change(case, law, seed):
    a, b = two(seed)
    return abs(case.score(*changed(law, a, b, np.random.default_rng(seed))) - case.score(a, b))


def declared(kind):
    return [
        (name, law)
        for name, case in SAMPLE_LAWS.items()
        for law in CHANGES
        if isinstance(getattr(case.laws, law), kind)
    ]


@pytest.mark.parametrize(("name", "law"), declared(float))
def test_laws_hold(name, law):
    case = SAMPLE_LAWS[name]
    assert max(change(case, law, seed) for seed in SEEDS) <= getattr(case.laws, law)


@pytest.mark.parametrize(("name", "law"), declared(str))
def test_laws_that_do_not_hold_are_broken_by_some_sets(name, law):
    assert max(change(SAMPLE_LAWS[name], law, seed) for seed in SEEDS) > 0.01


@pytest.mark.parametrize("name", SAMPLE_LAWS)
def test_scores_keep_within_their_bounds(name):
    case = SAMPLE_LAWS[name]
    assert all(case.laws.lowest <= case.score(*two(seed)) <= case.laws.highest for seed in SEEDS)


@pytest.mark.parametrize("name", SAMPLE_LAWS)
def test_equal_sets_sets_alike_and_sets_far_apart_score_what_is_declared(name):
    case, drawn = SAMPLE_LAWS[name], [np.random.default_rng(seed).normal(size=(2, 200, 4)) for seed in range(12)]
    alike = np.mean([case.score(a, b) for a, b in drawn])
    assert case.laws.alike.holds(alike), alike
    for a, _ in drawn[:4]:
        assert case.laws.equal.holds(found := case.score(a, a)), found
        assert case.laws.apart.holds(found := case.score(a, a + 100)), found
