"""Chunks of hybrids: what is drawn and what stays, order and pools, foreign models, and what is refused."""

import pytest
import torch

import latentassay as la
from latentassay.responses.chunks import chunk_hybrids


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def identity(*shape):
    return la.from_torch(lambda x: x, lambda z: z, latent_shape=shape)


def latents(n=40, *shape):
    return torch.randn(n, *(shape or (5,)), generator=seeded()) * 2 + 1


def test_each_row_hybridises_its_chunk_and_nothing_else():
    z, units = latents(300, 6), [[0, 1], [2], [3], [4, 5]]
    found = chunk_hybrids(identity(6), z, units=units, chunks=2, n=20, generator=seeded())
    assert found.chunks == ((0, 1), (2, 3)) and found.images.shape == (2, 20, 6) and found.n == 20
    for row, own in enumerate(([0, 1, 2], [3, 4, 5])):
        rest = [k for k in range(6) if k not in own]
        assert torch.equal(found.latents[row][:, rest], found.base[rest].expand(20, 3))
        assert (found.latents[row][:, own] != found.base[own]).any(1).sum() > 15
    pairs = {tuple(pair) for pair in z[:, :2].tolist()}
    assert {tuple(pair) for pair in found.latents[0][:, :2].tolist()} <= pairs  # a group comes whole
    assert torch.equal(found.images, found.latents) and torch.equal(found.base_image, found.base)
    expected = (found.latents - found.base).double().square().flatten(1).mean(1).sqrt()
    torch.testing.assert_close(found.change, expected)


def test_chunks_can_be_named_and_all_rows_share_one_pool():
    z = latents(300, 4)
    found = chunk_hybrids(identity(4), z, chunks=[[3], [0, 2], [3]], n=200, pool=5, generator=seeded(), base=z[7])
    assert found.chunks == ((3,), (0, 2), (3,)) and torch.equal(found.base, z[7])
    first, again = (set(found.latents[row][:, 3].tolist()) for row in (0, 2))
    assert first == again and len(first) == 5 and "pool of 5, given latent as base" in found.variant
    uneven = chunk_hybrids(identity(4), z, chunks=3, generator=seeded())
    assert uneven.chunks == ((0, 1), (2,), (3,))


def test_chunks_of_spatial_foreign_models_and_seeds():
    z = latents(64, 3, 2, 2)
    found, same, other = (chunk_hybrids(identity(3, 2, 2), z, chunks=3, generator=seeded(s)) for s in (0, 0, 1))
    assert found.images.shape == (3, 8, 3, 2, 2) and torch.equal(found.images, same.images)
    assert not torch.equal(found.images, other.images)
    assert torch.equal(found.images[1][:, [0, 2]], found.base[[0, 2]].expand(8, 2, 2, 2))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"chunks": 6}, "chunks must be 1 to 5"),
        ({"chunks": 0}, "chunks must be 1 to 5"),
        ({"chunks": []}, "chunks must be at least one"),
        ({"chunks": [[0], []]}, r"different variables in 0..4, got \[\]"),
        ({"chunks": [[0, 0]]}, "different variables"),
        ({"chunks": [[5]]}, "0..4, got"),
        ({"n": 0}, "at least 1 latent"),
        ({"pool": 0}, "at least 1 latent"),
        ({"base": torch.zeros(2)}, r"base must be one latent \(5,\)"),
    ],
)
def test_chunks_refuse_what_makes_no_sense(options, match):
    with pytest.raises(la.InputError, match=match):
        chunk_hybrids(identity(5), latents(), generator=seeded(), **options)
