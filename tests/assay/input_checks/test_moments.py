"""Jackknifed moments against those of rows drawn again and again."""

import numpy as np
import torch

import latentassay as la
from latentassay.assay.input_checks.moments import add_up, leave_blocks_out
from latentassay.assay.input_checks.scaling import latent_scale
from latentassay.core.observations import as_observations

MODEL = la.from_torch(lambda x: (x, 0.5 * x.abs()), lambda z: z, latent_shape=(2,), output="mean_std")


def rows(n, seed):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, 2, generator=g) * torch.tensor([1.0, 2.0])


def test_leaving_a_block_out_is_not_having_encoded_its_rows():
    x = rows(64, 0)
    sums = add_up(MODEL, as_observations(x), torch.arange(64), batch_size=10)
    found = leave_blocks_out(sums, 64).without
    for block in (0, 5, 31):
        kept = torch.arange(64) % 32 != block
        alone = leave_blocks_out(add_up(MODEL, as_observations(x[kept]), torch.arange(62), batch_size=62), 62).whole
        for part, whole in zip(found, alone, strict=True):
            torch.testing.assert_close(part[block], whole)


def test_intervals_of_every_scalar_hold_the_truth():
    truth = {"mean": 0.0, "std": 3.125**0.5, "factor": 3.125**-0.5, "noise": 0.2, "ratio": 2.0}
    held = dict.fromkeys(truth, 0)
    for seed in range(60):
        found = latent_scale(MODEL, rows(400, seed))
        for name, value in truth.items():
            estimate = getattr(found, name)
            held[name] += estimate.low <= value <= estimate.high
            assert estimate.n == 400
    assert all(count >= 50 for count in held.values()), held


def test_where_nothing_varies_there_is_no_factor_and_no_noise():
    still = la.from_torch(lambda x: 0 * x, lambda z: z, latent_shape=(2,))
    found = latent_scale(still, rows(40, 0))
    assert found.factor == np.inf and found.noise == 0 and found.ratio == 1 and found.std == 0
