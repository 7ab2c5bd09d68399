"""Rows are drawn in blocks, and how many are taken at once does not matter."""

import torch
from torch.testing import assert_close

from latentassay.core.units import Units
from latentassay.responses import block_rows
from latentassay.responses.block_rows import BlockRows, block_size
from latentassay.stats.stratified import partners

UNITS = Units(((0, 2), (1,)), (3,))
Z = torch.randn(70, 3, generator=torch.Generator().manual_seed(0)).double()


def rows():
    return BlockRows(Z, UNITS, torch.Generator().manual_seed(1))


def test_blocks_are_as_large_as_leaves_enough_of_them():
    assert [block_size(n) for n in (4, 15, 32, 64, 127, 128, 10_000)] == [2, 2, 4, 8, 8, 16, 16]
    assert (rows().size, rows().total) == (8, 8)


def test_parts_hold_the_shuffled_rows_with_their_partners_block_by_block():
    generator = torch.Generator().manual_seed(1)
    shuffled = Z[torch.randperm(70, generator=generator)][:64]
    expected = partners(UNITS.total(shuffled), 8, generator=generator)
    found = rows()
    (part,) = found.parts(0, 8, lambda: 1000)
    blocks = part.z.view(8, 8, 3).transpose(0, 1)
    assert_close(blocks.reshape(64, 3), shuffled)
    for unit, group in enumerate(UNITS.groups):
        values = part.z[part.partner[:, unit]][:, list(group)].view(8, 8, -1).transpose(0, 1).reshape(64, -1)
        assert_close(values, shuffled[expected[:, unit]][:, list(group)])
    centred = UNITS.squared_norm(shuffled - Z.mean(0))
    assert_close(part.deviations, centred.view(8, 8, 2).mean(1))
    assert_close(found.variance, UNITS.squared_norm(Z - Z.mean(0)).mean(0))


def test_parts_of_any_size_draw_the_same(monkeypatch):
    whole, one_by_one = list(rows().parts(0, 8, lambda: 64)), list(rows().parts(0, 8, lambda: 1))
    assert len(whole) == 1 and len(one_by_one) == 8
    z = torch.stack([part.z for part in one_by_one], 1).reshape(64, 3)
    assert_close(z, whole[0].z)
    own = torch.stack([part.z[part.partner[:, 1]] for part in one_by_one], 1).reshape(64, 3)
    assert_close(own, whole[0].z[whole[0].partner[:, 1]])
    monkeypatch.setattr(block_rows, "AHEAD", 50)  # two blocks at once
    three = torch.cat([part.z.view(8, -1, 3) for part in rows().parts(0, 8, lambda: 24)], 1).reshape(64, 3)
    assert_close(three, whole[0].z)
