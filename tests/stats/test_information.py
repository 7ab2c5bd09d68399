"""Mutual information against scikit-learn, and ways of binning."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

import latentassay as la
from latentassay.stats.information import (
    Counts,
    bin_at_valleys,
    bin_codes,
    entropy,
    information_matrix,
    mutual_information,
)

GRID = np.indices((10, 10, 4)).reshape(3, -1).T


def test_mutual_information_equals_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 7, 300), rng.integers(0, 4, 300)
        assert mutual_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)


def test_binning_itself_refuses_what_it_does_not_know():
    with pytest.raises((la.InputError, TypeError), match="quantile"):
        bin_codes(GRID + 0.0, 4, "equal")


def test_the_corrected_entropy_is_the_jackknife_of_its_definition():
    rng = np.random.default_rng(1)
    for n, k in ((5, 3), (40, 6), (200, 30)):
        column = rng.integers(0, k, n)
        left = [entropy(np.delete(column, row)) for row in range(n)]
        expected = n * entropy(column) - (n - 1) * np.mean(left)
        assert entropy(column, bias="removed") == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("n", "within"), [(128, 0.1), (1024, 0.01)])
def test_the_corrected_information_of_few_rows_is_that_of_many(n, within):
    rng = np.random.default_rng(2)
    b = rng.integers(0, 6, 300_000)
    a = np.clip(2 * b + rng.normal(size=len(b)).round().astype(int), 0, 11)
    truth = mutual_information(a, b)
    parts = [slice(start, start + n) for start in range(0, 200 * n, n)]
    found = {bias: np.mean([mutual_information(a[p], b[p], bias=bias) for p in parts]) for bias in ("kept", "removed")}
    assert abs(found["removed"] - truth) < within / 5 < abs(found["kept"] - truth)


def test_edges_move_into_gaps_that_other_rows_may_put_them_in_and_no_farther():
    rng = np.random.default_rng(4)
    low = 0.5 + np.sqrt(0.25 / 400)  # one standard deviation more rows in the lower cluster than half
    codes = np.concatenate([rng.normal(0, 1, int(400 * low)), rng.normal(20, 1, 400 - int(400 * low))])[:, None]
    assert np.unique(codes[bin_codes(codes, 2, "quantile")[:, 0] == 0] > 10).tolist() == [False]
    assert (bin_at_valleys(codes, 2)[:, 0] == (codes[:, 0] > 10)).all()
    far = np.concatenate([rng.normal(0, 1, 300), rng.normal(20, 1, 100)])[:, None]  # ten of them
    assert not (bin_at_valleys(far, 2)[:, 0] == (far[:, 0] > 10)).all()
    smooth = rng.normal(size=(5000, 2))
    counts = np.bincount(bin_at_valleys(smooth, 20)[:, 0])
    assert len(counts) == 20 and abs(counts - 250).max() < 0.5 * 250
    np.testing.assert_array_equal(bin_at_valleys(GRID + 0.0, 10)[:, 0], GRID[:, 0])


def test_tables_without_a_row_are_those_of_the_other_rows():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 5, (30, 3)), rng.integers(0, 4, (30, 2))
    information, entropies = Counts(a, b).without_each(slice(10, 30))
    for place, row in enumerate(range(10, 30)):
        others = np.delete(np.arange(30), row)
        np.testing.assert_allclose(information[place], information_matrix(a[others], b[others]), atol=1e-12)
        np.testing.assert_allclose(entropies[place], [entropy(column) for column in b[others].T], atol=1e-12)
    assert Counts(a, b).cells() == 20
