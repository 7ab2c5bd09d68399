import torch
from torch.testing import assert_close

from latentassay.stats.blocks import BlockMoments, BlockRatio


def blocks(seed, m=40, units=3):
    g = torch.Generator().manual_seed(seed)
    w = torch.rand(m, units, generator=g, dtype=torch.float64) + 0.2
    s = torch.rand(units, m, units, generator=g, dtype=torch.float64) * w.T[:, :, None]
    return s, w


def test_the_estimate_is_the_plain_mean_when_every_block_was_used():
    s, w = blocks(0)
    moments = BlockMoments(3)
    for part in (slice(0, 7), slice(7, 40)):
        moments.add([0, 1, 2], s[:, part], w[part])
    assert_close(moments.mean_square(w.mean(0)), s.mean(1))


def test_stderr_is_that_of_the_root_of_a_mean_and_of_its_ratio():
    """Against the delta method written out: on the mean of s alone, and on the ratio of means of s and w_k."""
    s, w = blocks(1)
    moments = BlockMoments(3)
    moments.add([0, 1, 2], s, w)
    widen = 2.0226909200367595 / 1.959963984540054  # Student's t with 39 degrees of freedom, from a table
    raw = 0.5 * s.std(1) / s.mean(1) / 40**0.5
    assert_close(moments.relative_stderr(40, normalized=False), raw * widen)
    ratio = s / s.mean(1, keepdim=True) - w / w.mean(0)
    assert_close(moments.relative_stderr(40, normalized=True), 0.5 * ratio.std(1) / 40**0.5 * widen)


def test_rows_that_stopped_keep_what_they_had():
    s, w = blocks(2)
    moments, short = BlockMoments(3), BlockMoments(3)
    moments.add([0, 1, 2], s[:, :10], w[:10])
    moments.add([1], s[1:2, 10:], w[10:])
    short.add([0, 1, 2], s[:, :10], w[:10])
    assert moments.count.tolist() == [10, 40, 10]
    for normalized in (False, True):
        ours, theirs = (part.relative_stderr(40, normalized=normalized) for part in (moments, short))
        assert_close(ours[0], theirs[0])
        assert_close(ours[2], theirs[2])


def test_silent_units_have_no_error_and_are_never_nan():
    moments = BlockMoments(2)
    moments.add([0, 1], torch.zeros(2, 5, 2), torch.zeros(5, 2))
    assert torch.equal(moments.mean_square(torch.zeros(2).double()), torch.zeros(2, 2).double())
    assert torch.isfinite(moments.relative_stderr(5, normalized=True)).all()


def test_a_ratio_of_means_and_its_delta_method_written_out():
    s, w = blocks(3)
    a, b = s[:, :, 0], w[:, 1]
    ratio = BlockRatio(3)
    ratio.add([0, 1, 2], a[:, :9], b[:9])
    ratio.add([0, 2], a[[0, 2], 9:], b[9:])
    found = a[0].mean() / b.mean()
    assert_close(ratio.ratio()[0], found)
    assert_close(ratio.ratio()[1], a[1, :9].mean() / b[:9].mean())
    widen = 2.0226909200367595 / 1.959963984540054  # Student's t with 39 degrees of freedom, from a table
    assert_close(ratio.stderr()[0], (a[0] - found * b).std() / 40**0.5 / b.mean() * widen)


def test_a_ratio_to_nothing_is_zero():
    ratio = BlockRatio(2)
    ratio.add([0, 1], torch.zeros(2, 5), torch.zeros(5))
    assert not ratio.ratio().any() and not ratio.stderr().any()
