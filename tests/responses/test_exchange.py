"""Sums over exchanges: shares of what changes, against changes that are known."""

import pytest
import torch
from torch.testing import assert_close

from latentassay.core.errors import InputError
from latentassay.core.units import Units
from latentassay.responses import exchange
from latentassay.responses.exchange import FOLDS, Exchanges

PAIRS = 2000


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def exchanged(decode, z, groups):
    """All pairs in one call: what each unit of a changes when it takes the value it has in b, and the other way."""
    sums, (a, b) = Exchanges(Units(groups, z.shape[1:]), z), z.chunk(2)
    fold = torch.arange(len(a)) % FOLDS
    sums.add_base(fold, decode(a), decode(b))
    for unit in range(len(groups)):
        units = Units(groups, z.shape[1:])
        first = decode(units.replace(a, unit, b)) - decode(a)
        second = decode(b) - decode(units.replace(b, unit, a))
        sums.add(unit, fold, (a, b), first, second)
    return sums


def test_linear_changes_are_linear_free_and_add_up():
    z = torch.randn(2 * PAIRS, 3, generator=seeded(), dtype=torch.float64)
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]).double()
    sums = exchanged(lambda z: z @ weights, z, ((0,), (1, 2)))
    for found in (sums.linear(), sums.free()):
        assert_close(found.value, torch.ones(2).double(), rtol=0, atol=1e-9)
        assert (found.stderr < 1e-9).all() and found.n == FOLDS
    assert float(sums.size().value.square().sum()) == pytest.approx(1)
    assert_close(sums.extent().value[0], torch.tensor(1 / 3).double())  # one place of three
    assert 1 / 3 < sums.extent().value[1] < 2 / 3


def test_products_depend_on_the_other_unit():
    z = torch.randn(2 * PAIRS, 2, generator=seeded(), dtype=torch.float64)
    sums = exchanged(lambda z: z[:, :1] * z[:, 1:], z, ((0,), (1,)))
    free = sums.free()
    assert (free.value.abs() < 4 * free.stderr).all() and (free.stderr < 0.1).all()


def test_a_unit_that_changes_nothing_has_size_zero_and_no_nan():
    z = torch.randn(2 * PAIRS, 2, generator=seeded(), dtype=torch.float64)
    sums = exchanged(lambda z: z[:, :1], z, ((0,), (1,)))
    size = sums.size()
    assert size.value[1] == size.stderr[1] == 0 and not any(
        torch.isnan(part).any() for found in (size, sums.linear(), sums.free()) for part in found[:2]
    )


def test_sums_that_would_fill_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr(exchange, "LIMIT", 100)
    z = torch.randn(64, 2, generator=seeded())
    with pytest.raises(InputError, match="give fewer or smaller units"):
        exchanged(lambda z: z, z, ((0,), (1,)))
