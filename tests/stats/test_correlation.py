"""Correlations are numpy's, and their intervals hold the truth as often as they say."""

import numpy as np
import torch

from latentassay.stats.correlation import correlation_ends, correlations


def test_correlations_are_those_of_numpy():
    x = torch.randn(50, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).cumsum(1)
    np.testing.assert_allclose(correlations(x).numpy(), np.corrcoef(x.numpy().T), atol=1e-12)


def test_a_constant_column_correlates_with_nothing_however_large_it_is():
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    x[:, 1] = 1e6 + 1e-3 * torch.randn(50)
    assert correlations(x)[0, 1] == 0


def test_intervals_cover():
    generator, held = torch.Generator().manual_seed(0), 0
    for _ in range(400):
        z = torch.randn(128, 2, dtype=torch.float64, generator=generator)
        z[:, 1] = 0.6 * z[:, 0] + 0.8 * z[:, 1]
        low, high = correlation_ends(z)
        held += bool(low[0, 1] <= 0.6 <= high[0, 1])
    assert 0.92 <= held / 400 <= 0.98
