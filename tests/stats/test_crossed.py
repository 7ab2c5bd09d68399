"""Standard errors over two kinds of replicates, and squares that are streamed in blocks."""

import pytest
import torch
from torch.testing import assert_close

from latentassay.stats.crossed import BlockSquares, crossed_stderr, effective_size, row_squares, varies


def normals(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("rows", "values"), [(32, 20), (32, 5), (8, 1)])
def test_intervals_cover_the_mean_of_a_crossed_table(rows, values):
    """x_kv = a_k + b_v + c_kv; with one value, b is no part of it."""
    inside = 0
    for seed in range(1000):
        table = normals(rows, 1, seed=seed) + 0.5 * normals(rows, values, seed=seed + 20_000)
        if values > 1:
            table = table + 0.4 * normals(1, values, seed=seed + 10_000)
        by_row, by_value = table.mean(1)[:, None], table.mean(0)[:, None]
        inside += abs(float(table.mean())) <= 1.96 * float(crossed_stderr(by_value, by_row))
    assert 0.93 <= inside / 1000 <= 0.975


def test_one_kind_is_the_usual_t_interval_and_what_does_not_vary_has_no_error():
    assert float(crossed_stderr(normals(9, 1))) * 1.959964 == pytest.approx(
        2.306004 * float(normals(9, 1).std()) / 3, rel=1e-6
    )
    assert crossed_stderr(torch.ones(4, 2, 3), torch.zeros(5, 2, 3)).eq(0).all()


def test_streamed_squares_are_those_of_numpy_however_large_the_mean():
    x = (normals(30, 2, 3) + 1e6).double()
    block = torch.randperm(30, generator=torch.Generator().manual_seed(0)) % 4
    shares = torch.nn.functional.one_hot(block, 4).T.double() * 4 / 30
    sums = BlockSquares()
    for rows in torch.arange(30).split(7):
        sums.add(shares[:, rows], x[rows])
    found, flat = sums.squares(), x.flatten(1)
    expected = torch.stack([(flat[block == b] - flat.mean(0)).square().sum(0) * 4 / 30 for b in range(4)])
    assert_close(found.blocks, expected, rtol=1e-6, atol=1e-6)
    assert_close(found.blocks.mean(0), flat.var(0, correction=0), rtol=1e-6, atol=0)
    assert_close(found.mean, flat.mean(0))
    assert found.n == 30 and found.weight.sum() == pytest.approx(4)
    assert_close(row_squares(x).blocks.mean(0), found.blocks.mean(0), rtol=1e-6, atol=0)


def test_rounding_is_no_variation():
    epsilon = torch.finfo(torch.float32).eps
    constant = torch.tensor([0.1, 0.1 * (1 + epsilon)] * 5)
    moving = 0.1 + 1e-5 * normals(10).float()
    for x, expected in ((constant, False), (moving, True)):
        assert bool(varies(x.var(correction=0), x.square().mean(), epsilon)) == expected


def test_values_that_are_alike_in_their_block_are_worth_one_each():
    """64 blocks of 5 copies are worth 64 values, less Student's t; independent values are worth as many as they are."""
    values, block = torch.randn(64, generator=torch.Generator().manual_seed(0)), torch.arange(64)
    copies = effective_size(values.repeat_interleave(5), block.repeat_interleave(5))
    assert copies == pytest.approx(64, rel=0.06)
    sizes = [
        effective_size(torch.randn(640, generator=torch.Generator().manual_seed(s)), torch.arange(640) % 32)
        for s in range(100)
    ]
    assert max(sizes) == 640 and sum(sizes) / 100 > 0.8 * 640
    assert effective_size(torch.ones(6), torch.arange(6)) == 6 and effective_size(values, 0 * block) == 64
