"""Use of a codebook: counts, entropies and dead entries that are known, and intervals that hold them."""

import math

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.evaluation.codebook import codebook_use, quantisation_distance


def used(seed, n=256, places=4, size=64, live=32):
    """Numbers of entries of which the first ``live`` are used, by a law of Zipf."""
    p = torch.zeros(size).double()
    p[:live] = (torch.arange(live) + 1.0) ** -0.7
    p /= p.sum()
    drawn = torch.multinomial(p, n * places, replacement=True, generator=torch.Generator().manual_seed(seed))
    return drawn.view(n, places), math.exp(float(torch.special.entr(p).sum()))


def test_values_are_those_of_counts():
    numbers, _ = used(0)
    found = codebook_use(numbers, 64)
    counts = np.bincount(numbers.numpy().ravel(), minlength=64)
    np.testing.assert_array_equal(found.counts, counts)
    p = counts[counts > 0] / counts.sum()
    corrected = -(p * np.log(p)).sum() + (len(p) - 1) / (2 * 1024)
    assert found.perplexity == pytest.approx(math.exp(corrected))
    assert (found.n, found.codes, found.unseen) == (256, 1024, int((counts == 0).sum()))
    assert found.by_chance == pytest.approx(64 * (63 / 64) ** 1024)


@pytest.mark.parametrize(("size", "live", "n"), [(64, 32, 256), (64, 64, 256), (256, 128, 1024), (256, 256, 64)])
def test_intervals_hold_the_truth(size, live, n):
    hits = [0, 0]
    for seed in range(100):
        numbers, perplexity = used(seed, n, size=size, live=live)
        found = codebook_use(numbers, size)
        hits[0] += found.perplexity.low <= perplexity <= found.perplexity.high
        hits[1] += found.dead.low <= 1 - live / size <= found.dead.high
    assert min(hits) >= 89, hits


def test_few_codes_do_not_tell_dead_entries_from_rare_ones():
    numbers = torch.randperm(512, generator=torch.Generator().manual_seed(0))[:128].view(32, 4)
    found = codebook_use(numbers, 512)
    assert found.unseen == 384 and found.dead == 0 and found.dead.low == 0 and found.dead.high == 0.75
    assert found.perplexity.high == 512


def test_distances_are_those_of_a_grid():
    entries = torch.cartesian_prod(torch.arange(3.0), torch.arange(3.0)) * 2
    numbers = torch.arange(36).view(9, 4) % 8
    codes = entries[numbers] + torch.tensor([0.3, 0.4])
    assert quantisation_distance(codes, numbers, entries) == pytest.approx(0.25)
    with pytest.raises(la.InputError, match="at least two"):
        quantisation_distance(codes, 0 * numbers, entries)


@pytest.mark.parametrize(
    ("numbers", "match"),
    [(torch.zeros(7, 2), "at least 8"), (torch.full((9, 2), 4), "lie in 0 … 3"), (torch.full((9, 2), -1), "lie in 0")],
)
def test_unusable_numbers_are_refused(numbers, match):
    with pytest.raises(la.InputError, match=match):
        codebook_use(numbers, 4)
