import pytest
import torch

from latentassay.stats.stratified import partners, scrambled_ranks


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [2, 4, 16, 32])
def test_every_scramble_is_a_permutation_and_every_rank_is_equally_likely(size):
    ranks = scrambled_ranks((400, 10), size, generator=seeded()).reshape(4000, size)
    assert torch.equal(ranks.sort(1).values, torch.arange(size).expand(4000, size))
    shares = torch.stack([(ranks == k).double().mean(0) for k in range(size)])
    assert (shares - 1 / size).abs().max() < 4.5 * (1 / size / 4000) ** 0.5


@pytest.mark.parametrize("size", [4, 16, 64])
def test_points_fall_once_into_every_elementary_box(size):
    """A (0, 2)-net: each of the ``size`` boxes of any shape with sides that are powers of two holds one point."""
    levels = size.bit_length() - 1
    for ranks in scrambled_ranks((5, 4), size, generator=seeded()).reshape(20, size):
        for k in range(levels + 1):
            boxes = torch.arange(size) // 2 ** (levels - k) * 2 ** (levels - k) + ranks // 2**k
            assert len(boxes.unique()) == size


def test_partners_stay_in_their_block_and_follow_the_scores():
    scores = torch.randn(64, 3, generator=seeded())
    chosen = partners(scores, 16, generator=seeded(1))
    assert torch.equal(chosen // 16, (torch.arange(64) // 16)[:, None].expand(64, 3))
    for block in chosen.reshape(4, 16, 3):
        assert all(len(block[:, k].unique()) == 16 for k in range(3))
    # Rows in the lower half of a block meet as many partners from the lower half as from the upper.
    rank = scores.reshape(4, 16, 3).argsort(1).argsort(1).reshape(64, 3)
    low = rank < 8
    for k in range(3):
        met = low[chosen[:, k], k]
        assert met[low[:, k]].sum() == 16 and met[~low[:, k]].sum() == 16


def test_a_mean_over_partners_is_that_over_pairs_of_different_rows():
    x = torch.randn(16, 1, generator=seeded())
    every = (x - x.T).square().sum() / (16 * 15)
    means = [(x - x[partners(x, 16, generator=seeded(s))[:, 0]]).square().mean() * 16 / 15 for s in range(2000)]
    stderr = torch.stack(means).std() / 2000**0.5
    assert (torch.stack(means).mean() - every).abs() < 4 * stderr
