"""Codebooks: vectors are cut into pieces and maps into places, and the nearest entry is that of a plain search."""

import pytest
import torch

import latentassay as la
from latentassay.core import codebooks
from latentassay.core.codebooks import nearest_entries, split_codes


@pytest.mark.parametrize("shape", [(6,), (3, 4), (3, 4, 5)])
def test_the_nearest_entry_is_that_of_a_plain_search(shape, monkeypatch):
    monkeypatch.setattr(codebooks, "TOGETHER", 70)  # several rounds
    g = torch.Generator().manual_seed(0)
    z, book = torch.randn(7, *shape, generator=g), torch.randn(11, 3, generator=g).double()
    found = nearest_entries(z, book)
    codes = z.reshape(7, 2, 3) if len(shape) == 1 else z.flatten(2).movedim(1, 2)
    assert torch.equal(split_codes(z, 3), codes)
    slow = [[min(range(11), key=lambda k: float((code - book[k]).norm())) for code in row] for row in codes]
    assert found.tolist() == slow


def test_latents_that_are_not_made_of_entries_are_refused():
    with pytest.raises(la.InputError, match="code vectors of 4 numbers"):
        split_codes(torch.zeros(2, 6), 4)
    with pytest.raises(la.InputError, match="code vectors of 4 numbers"):
        split_codes(torch.zeros(2, 3, 4, 4), 4)
