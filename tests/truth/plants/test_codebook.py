import pytest
import torch

from latentassay.truth.plants.codebook import clean_codebook, dead_entries


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_so_many_entries_are_used_by_no_data(share):
    found = dead_entries(share, 1)
    numbers = found.model.quantise(found.model.encode(found.data).mean)
    unused = 1 - len(numbers.unique()) / len(found.model.codebook)
    assert unused == pytest.approx(share, abs=0.02)


def test_pictures_come_back_but_for_the_noise():
    found = clean_codebook(0)
    again = found.model.decode(found.model.encode(found.data).mean)
    assert float((again - found.data).square().mean()) < 0.01 * float(found.data.var())
    entry = found.model.codebook[found.model.quantise(found.model.encode(again).mean)]
    assert torch.allclose(entry.mT.reshape(-1), found.model.encode(again).mean.reshape(-1), atol=1e-3)
