import pytest
import torch

from latentassay.truth.plants.repeats import repeated


@pytest.mark.parametrize("times", [5, 25])
def test_every_row_has_so_many_copies(times):
    exact = set()
    for seed in range(6):
        data = repeated(times, seed).data
        few = len(data) // times
        apart = (data[:few] - data[few : 2 * few]).norm(dim=1)
        assert len(data) == times * few and float(apart.max()) < 0.1 * float(torch.pdist(data[:few]).median())
        exact.add(bool((apart == 0).all()))
    assert exact == {True, False}
