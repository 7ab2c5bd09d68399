"""Precision, recall, density and coverage against loops and closed forms."""

import math

import numpy as np
import pytest
from sklearn.metrics.pairwise import euclidean_distances

from latentassay.metrics.quality import neighbours
from latentassay.metrics.quality.neighbours import precision_recall
from latentassay.stats.intervals import wilson
from tests.metrics.codes import ends, normals


def shares_by_loops(real, fake, k):
    def radius(rows, i):
        return sorted(np.linalg.norm(rows[i] - rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    radii, fake_radii = ([radius(rows, i) for i in range(len(rows))] for rows in (real, fake))
    distances = [[np.linalg.norm(f - r) for r in real] for f in fake]
    inside = [[d <= r for d, r in zip(row, radii, strict=True)] for row in distances]
    precision = np.mean([any(row) for row in inside])
    recall = np.mean([any(distances[f][r] <= fake_radii[f] for f in range(len(fake))) for r in range(len(real))])
    density = sum(map(sum, inside)) / (k * len(fake))
    coverage = np.mean([any(row[r] for row in inside) for r in range(len(real))])
    return precision, recall, density, coverage


@pytest.mark.parametrize("k", [1, 3, 5])
def test_overlap_equals_the_loops(k):
    real, fake = normals(40, 3), 0.7 * normals(30, 3, 1) + 0.5
    found = precision_recall(real, fake, neighbours=k)
    assert found[:4] == pytest.approx(shares_by_loops(real, fake, k), abs=1e-12)
    assert ends(found.precision) == wilson(round(30 * found.precision), 30)
    assert ends(found.recall) == wilson(round(40 * found.recall), 40)
    assert ends(found.coverage) == wilson(round(40 * found.coverage), 40)
    assert (found.n, found.m) == (40, 30) and f"{k}. neighbour" in found.variant
    swapped = precision_recall(fake, real, neighbours=k)
    assert (swapped.precision, swapped.recall) == (found.recall, found.precision)


def test_equal_sets_overlap_and_distant_ones_do_not():
    real = normals(60, 4)
    for offset in (0, 1e5):  # far from the origin, rounding is larger
        assert precision_recall(real + offset, real + offset)[:4] == (1, 1, pytest.approx(1, abs=0.4), 1)
    assert precision_recall(real, real + 100)[:4] == (0, 0, 0, 0)


def test_a_missing_mode_costs_recall_and_noise_costs_precision():
    two = np.concatenate([normals(100, 2), normals(100, 2, 1) + 50])
    collapsed = precision_recall(two, normals(200, 2, 2))
    assert collapsed.precision > 0.9 and collapsed.recall == pytest.approx(0.5, abs=0.05) and collapsed.coverage < 0.55
    noisy = precision_recall(two, np.concatenate([two + 0.1, 300 + normals(200, 2, 3)]))
    assert noisy.precision == pytest.approx(0.5, abs=0.05) and noisy.recall > 0.9
    # One stray real row with a large ball makes all of that noise precise, and hardly changes density.
    stray = precision_recall(np.concatenate([two, [[300, 300], [310, 300]]]), 300 + normals(200, 2, 3))
    assert stray.precision == 1 and stray.density < 0.8


def test_coverage_of_equal_laws_is_what_the_paper_derives():
    """A ball holds no fake row if the k nearest of all other rows are real (Naeem et al. 2020); m rows each."""
    m, k = 60, 3
    expected = 1 - math.prod((m - i) / (2 * m - i) for i in range(1, k + 1))
    found = [precision_recall(normals(m, 5, 2 * s), normals(m, 5, 2 * s + 1), neighbours=k) for s in range(60)]
    assert np.mean([f.coverage for f in found]) == pytest.approx(expected, abs=0.02)
    assert np.mean([f.density for f in found]) == pytest.approx(1, abs=0.05)


def test_duplicates_and_dead_features_are_harmless():
    real = np.insert(np.repeat(normals(20, 3), 5, 0), 1, 0.1, axis=1) + 1e3
    found = precision_recall(real, real[::5])
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    collapsed = precision_recall(normals(50, 3), np.zeros((30, 3)))
    assert collapsed.recall == 0 and np.isfinite(collapsed.density)


def test_neighbour_distances_are_those_of_scikit_learn():
    rows = normals(30, 20)
    expected = np.sort(euclidean_distances(rows), axis=1)[:, 3]
    np.testing.assert_allclose(neighbours._radii(rows, 3), expected, rtol=1e-9)
