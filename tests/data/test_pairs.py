"""Pairs and walks: what they share, how far they move, and what they say of data that lack a combination."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.core.observations import as_observations
from latentassay.data import FactorData, changed_pairs, laplace_walks, shared_pairs
from latentassay.data.codes import grid_codes

SIZES, NAMES = (5, 1, 4, 3), ("a", "one", "b", "c")


def grid(rows=None):
    codes = grid_codes(SIZES)
    data = FactorData(codes.astype(np.float32), codes, NAMES, SIZES, name="grid")
    return data if rows is None else data.take(rows)


def codes(pairs):
    """Codes of every frame, read from the observations themselves."""
    return pairs.batch(np.arange(len(pairs))).numpy().astype(int)


def test_shared_pairs_agree_on_their_subset_and_are_independent_otherwise():
    found = codes(shared_pairs(grid(), 4000, shared=["a", ("b", 3), [2]]))
    assert found.shape == (4000, 3, 2, 4)
    for place, subset in enumerate(([0], [2, 3], [2])):
        first, second = found[:, place].swapaxes(0, 1)
        assert (first[:, subset] == second[:, subset]).all()
        for m in {0, 2, 3} - set(subset):
            assert (first[:, m] == second[:, m]).mean() == pytest.approx(1 / SIZES[m], abs=0.04)
        assert len(np.unique(first, axis=0)) == 60  # every row comes first


def test_full_sharing_takes_every_factor_that_varies():
    pairs = shared_pairs(grid(), 7)
    assert pairs.shared == (("a",), ("b",), ("c",)) and pairs.x_shape == (3, 2, 4) and pairs.frame_shape == (4,)
    assert "share a; b; c" in pairs.name


def test_shared_pairs_of_a_partial_set_are_any_rows_that_agree():
    """The second row is uniform among those that agree, on data that are no grid and hold rows twice."""
    data = grid(np.array([0, 0, 1, 2, 25, 40, 59]))
    pairs = shared_pairs(data, 5000, shared=["a"])
    first, second = pairs.rows[:, 0].T
    agree = data.factors[:, 0][:, None] == data.factors[:, 0]
    counts = np.zeros((7, 7))
    np.add.at(counts, (first, second), 1)
    np.testing.assert_allclose(counts / counts.sum(1, keepdims=True), agree / agree.sum(1, keepdims=True), atol=0.06)


@pytest.mark.parametrize("changed", [1, 2])
def test_changed_pairs_differ_in_exactly_so_many_factors(changed):
    first, second = codes(changed_pairs(grid(), 3000, changed=changed)).swapaxes(0, 1)
    differ = first != second
    assert (differ.sum(1) == changed).all() and not differ[:, 1].any()
    np.testing.assert_allclose(differ.mean(0)[[0, 2, 3]], changed / 3, atol=0.04)
    moved = differ[:, 0] & (first[:, 0] == 2)
    np.testing.assert_allclose(
        np.bincount(second[moved, 0], minlength=5) / moved.sum(), [0.25, 0.25, 0, 0.25, 0.25], atol=0.1
    )


def test_a_random_number_of_changes_leaves_one_factor_alone():
    first, second = codes(changed_pairs(grid(), 3000)).swapaxes(0, 1)
    np.testing.assert_allclose(np.bincount((first != second).sum(1)) / 3000, [0, 0.5, 0.5], atol=0.04)
    fixed = codes(changed_pairs(grid(), 3000, fixed=["c"])).swapaxes(0, 1)
    assert (fixed[0][:, 3] == fixed[1][:, 3]).all() and (fixed[0] != fixed[1]).sum(1).max() == 2


def law(size, rate):
    """The discretised Laplace of the source, written out with scipy."""
    from scipy.stats import laplace

    p = np.array([[laplace.pdf(j, i, np.log(size) / rate) for j in range(size)] for i in range(size)])
    return p / p.sum(1, keepdims=True)


@pytest.mark.parametrize("rate", [1.0, 4])
def test_a_walk_takes_laplace_steps_and_never_stands_still(rate):
    found = codes(laplace_walks(grid(), 60_000, length=3, rate=rate, fixed=["c"], generator=1))
    assert (found[..., 3] == found[:, :1, 3]).all()
    steps = np.concatenate([found[:, :2], found[:, 1:]], 0).reshape(-1, 2, 4)
    assert ((steps[:, 0] != steps[:, 1]).any(1)).all()
    # What stood still was given one change, half of them to each of the two factors, by the law without its middle.
    p, q = law(5, rate), law(4, rate)
    forced = p * (1 - np.eye(5))
    forced /= forced.sum(1, keepdims=True)
    for a, b in ((0, 0), (2, 1), (4, 3)):
        here = steps[(steps[:, 0, 0] == a) & (steps[:, 0, 2] == b)]
        still = p[a, a] * q[b, b]
        expected = p[a] - still * np.eye(5)[a] + still * (0.5 * forced[a] + 0.5 * np.eye(5)[a])
        np.testing.assert_allclose(np.bincount(here[:, 1, 0], minlength=5) / len(here), expected, atol=0.025)


def test_a_walk_at_a_great_rate_takes_single_steps():
    first, second = codes(laplace_walks(grid(), 500, rate=1e6)).swapaxes(0, 1)
    assert (np.abs(first - second).sum(1) == 1).all()


@pytest.mark.parametrize("draw", [shared_pairs, changed_pairs, laplace_walks])
def test_seeds_fix_what_is_drawn_and_rows_are_found_again(draw):
    one, same, other = (draw(grid(), 50, generator=seed) for seed in (3, 3, 4))
    assert (one.rows == same.rows).all() and (one.rows != other.rows).any()
    assert torch.equal(one.batch([7, 2]), one.batch(np.arange(50))[[7, 2]])
    assert draw(grid(), 1).x_shape == one.x_shape


def test_combinations_that_are_missing_are_named():
    data = grid(np.flatnonzero(~((grid_codes(SIZES)[:, 0] == 3) & (grid_codes(SIZES)[:, 3] == 1))))
    for draw in (changed_pairs, laplace_walks):
        with pytest.raises(InputError, match=r"no full grid: \d+ of the combinations .* a 3, one 0, b \d, c 1; fix"):
            draw(data, 2000)
        assert len(draw(data, 50, fixed=["a", "c"])) == 50
    assert len(shared_pairs(data, 50)) == 50


@pytest.mark.parametrize(
    ("draw", "options", "message"),
    [
        (shared_pairs, {"shared": [()]}, "is empty"),
        (shared_pairs, {"shared": []}, "at least one subset"),
        (shared_pairs, {"shared": [("a", "b", "c")]}, "all factors of grid that vary"),
        (shared_pairs, {"shared": ["d"]}, "no factor 'd'; it has a, one, b, c"),
        (shared_pairs, {"shared": [4]}, "no factor 4"),
        (shared_pairs, {"shared": [("a", 0)]}, "twice"),
        (changed_pairs, {"changed": 3}, "from 1 to 2"),
        (changed_pairs, {"changed": 0}, "from 1 to 2"),
        (changed_pairs, {"changed": True}, "from 1 to 2"),
        (changed_pairs, {"fixed": ["a", "b", "c"]}, "would share nothing, or all"),
        (changed_pairs, {"fixed": ["d"]}, "no factor 'd'"),
        (laplace_walks, {"fixed": ["a", "b", "c"]}, "may change"),
        (laplace_walks, {"length": 1}, "length must be"),
        (laplace_walks, {"rate": 0.0}, "rate must be"),
        (laplace_walks, {"rate": float("nan")}, "rate must be"),
        *((draw, {"n": 0}, "n must be") for draw in (shared_pairs, changed_pairs, laplace_walks)),
        (shared_pairs, {"generator": -1}, "a seed must be"),
    ],
)
def test_what_makes_no_sense_is_refused(draw, options, message):
    with pytest.raises(InputError, match=message):
        draw(grid(), **{"n": 10, **options})


def test_data_without_factors_or_with_too_few_are_refused():
    for draw in (shared_pairs, changed_pairs, laplace_walks):
        with pytest.raises(InputError, match=r"has none; make a FactorData .* data\.windows"):
            draw(as_observations(torch.rand(5, 2)), 3)
    with pytest.raises(InputError, match="share nothing"):
        changed_pairs(FactorData(np.eye(3, dtype=np.float32), np.arange(3)[:, None], ("a",)), 5)
    with pytest.raises(InputError, match="no two rows of data share b"):
        shared_pairs(
            FactorData(np.eye(4, dtype=np.float32), np.array([[0, 0], [0, 1], [1, 2], [1, 3]]), "ab"), 5, shared=["b"]
        )
    huge = FactorData(np.eye(2, dtype=np.float32), np.full((2, 2), 2**33 - 1) - np.eye(2, dtype=int), "ab")
    with pytest.raises(InputError, match="too many combinations"):
        changed_pairs(huge, 5)
