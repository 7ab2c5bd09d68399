"""Passes: how many rows they take, and that what is exchanged is the unit alone."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.core.autoencoder import DeviceAndDtype
from latentassay.core.units import Units, as_units
from latentassay.responses.block_rows import BlockRows
from latentassay.responses.exchanges import Exchanges

CPU = DeviceAndDtype(torch.device("cpu"), torch.float32)


class Recording:
    """Repeats its latents until a decoding has so many numbers, and keeps what it was given."""

    prior = None

    def __init__(self, shape, pixels):
        self.latent_shape, self.pixels, self.given = shape, pixels, []

    def decode(self, z):
        self.given.append(z.clone())
        flat = z.flatten(1)
        return flat.repeat(1, -(-self.pixels // flat.shape[1]))[:, : self.pixels]

    def encode(self, x):
        return la.Point(x[:, : self.given[-1][0].numel()].reshape(-1, *self.latent_shape))


def measure(model, n=256, units=None, batch_size=32):
    passes = []
    units = as_units(units, model.latent_shape)
    rows = BlockRows(torch.randn(n, *model.latent_shape), units, torch.Generator().manual_seed(0))
    exchanges = Exchanges(model, units, CPU, batch_size=batch_size, passed=passes.append)
    found = []
    for part in rows.parts(0, rows.total, lambda: exchanges.part_rows):
        base = exchanges.base(part)
        found.append((base, list(exchanges.changes(base, list(range(len(units)))))))
    assert passes == [len(z) for z in model.given]
    return found


def test_small_passes_are_shared_and_large_ones_keep_to_the_batch_size():
    small, large = Recording((4,), 8), Recording((4,), 200_000)
    measure(small), measure(large)
    assert max(map(len, small.given)) > 32 and max(map(len, small.given)) <= 16 * 32
    assert len(small.given) < len(large.given) and max(map(len, large.given)) == 32
    rows = [sum(map(len, model.given)) for model in (small, large)]
    assert rows == [5 * 256, 5 * 256]


@pytest.mark.parametrize("shape, units", [((4,), None), ((4,), [[2], [0]]), ((4,), [[0, 3], [1]]), ((2, 2, 2), None)])
def test_what_is_exchanged_is_the_unit_of_the_partner(shape, units):
    model = Recording(shape, 8)
    (base, _), *_ = measure(model, units=units, n=32)
    chosen, n = as_units(units, shape), len(base.z)
    for unit, group in enumerate(chosen.groups):
        expected = base.z.clone()
        expected[:, list(group)] = base.z[base.part.partner[:, unit]][:, list(group)]
        assert_close(torch.cat(model.given[1:]).flatten(1)[unit * n : (unit + 1) * n], expected)


def test_means_over_blocks_leave_out_rows_that_meet_themselves():
    """A response that is the latent: E(v − z)² over pairs of different rows is twice the variance in the block."""
    model = Recording((2,), 2)
    found = measure(model, n=128, units=Units.default((2,)))
    responses = torch.cat([change.responses for _, changes in found for change in changes], 1)
    variance = torch.cat([base.variance for base, _ in found])
    assert responses.shape[-1] == 2
    assert float((responses[0, :, 0] + responses[1, :, 1]).mean() / (2 * variance).mean()) == pytest.approx(1, abs=0.1)
    assert not responses[0, :, 1].any()
