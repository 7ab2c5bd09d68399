"""Traversals: what is moved and what stays, ends and order, and what is refused."""

import pytest
import torch

import latentassay as la
from latentassay.responses.traversals import traversals


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def identity(*shape):
    return la.from_torch(lambda x: x, lambda z: z, latent_shape=shape)


def latents(n=40, *shape):
    return torch.randn(n, *(shape or (5,)), generator=seeded()) * 2 + 1


def test_every_row_goes_from_least_to_greatest_and_moves_one_latent():
    z = latents()
    found = traversals(identity(5), z, units=[[3, 1], [0]], steps=4)
    assert found.latents == (3, 1, 0) and found.variables == (0, 0, 1) and found.n == 40
    for row, latent in enumerate(found.latents):
        moved = found.images[row]  # the decoder is the identity
        torch.testing.assert_close(moved[:, latent], found.values[row])
        low, high = z[:, latent].aminmax()
        assert torch.equal(moved[[0, -1], latent], torch.stack([low, high]))
        torch.testing.assert_close(moved[:, latent].diff(), ((high - low) / 3).expand(3))
        others = [k for k in range(5) if k != latent]
        assert torch.equal(moved[:, others], found.base[others].expand(4, 4))
        assert float(found.reach[row]) == pytest.approx(float(high - low) / 5**0.5, rel=1e-6)
    assert torch.equal(found.base, la.sampling.central(z)) and any(torch.equal(found.base, row) for row in z)


def test_a_base_a_tail_and_the_batch_size_can_be_chosen():
    z, base = latents(1001), torch.arange(5.0)
    found = traversals(identity(5), z, base=base, tail=0.01, steps=2, batch_size=3)
    assert found.latents == found.variables == (0, 1, 2, 3, 4) and found.images.shape == (5, 2, 5)
    assert torch.equal(found.base, base) and "0.01 to 0.99 quantile of 1001" in found.variant
    torch.testing.assert_close(found.values, z.sort(0).values[[10, 990]].T)
    assert "given base" in found.variant and torch.equal(base, torch.arange(5.0))


def test_still_latents_reach_nowhere_and_models_are_left_as_they_were():
    model = la.models.build("ae-mlp", x_shape=(6,), latents=3).train()
    with torch.no_grad():
        model.decoder[0].weight[:, 1] = 0
    found = traversals(model, latents(20, 3))
    assert found.reach[1] < 1e-6 < 1e-4 < min(found.reach[0], found.reach[2]) and model.training
    assert not found.images.requires_grad


def test_numbers_of_spatial_latents_can_be_traversed():
    z = latents(30, 2, 3, 3)
    found = traversals(identity(2, 3, 3), z, units=[[0], [17]], steps=3)
    assert found.images.shape == (2, 3, 2, 3, 3) and found.base.shape == (2, 3, 3)
    assert torch.equal(found.images[1, :, 1, 2, 2], found.values[1])
    assert len(traversals(identity(2, 3, 3), z, steps=2).latents) == 18


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"steps": 1}, "steps must be at least 2"),
        ({"tail": 0.5}, r"tail in \[0, 0.5\), got 9 and 0.5"),
        ({"tail": -0.1}, "tail in"),
        ({"base": torch.zeros(4)}, r"base must be one latent \(5,\) .* got \(4,\)"),
        ({"z": latents(3, 4)}, r"z must have shape \(n, 5\)"),
        ({"units": [[5]]}, "0..4"),
        ({"model": identity(3, 10, 10), "z": latents(2, 3, 10, 10)}, "300 latents are too many .* name some"),
    ],
)
def test_traversals_refuse_what_makes_no_sense(options, match):
    options = {"model": identity(5), "z": latents(), **options}
    with pytest.raises(la.InputError, match=match):
        traversals(options.pop("model"), options.pop("z"), **options)
