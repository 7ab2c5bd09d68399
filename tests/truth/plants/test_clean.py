import torch

from latentassay.truth.plants.clean import identity, noisy_optimum, pca, train, trained
from latentassay.truth.vectors import vector_world


def test_the_noisy_optimum_shrinks_what_it_reads():
    found = noisy_optimum(0)
    strength = found.known["units.strength"]
    assert 0.6 < strength < 0.97


def test_pca_keeps_what_its_components_hold():
    found = pca(2)
    again = found.model.decode(found.model.encode(found.data).mean)
    assert float((again - found.data).square().sum() / (found.data - found.data.mean(0)).square().sum()) < 0.2


def test_the_identity_hands_on():
    found = identity(0)
    assert torch.equal(found.model.decode(found.model.encode(found.data).mean), found.data)


def test_a_trained_autoencoder_learns_and_leaves_chance_as_it_was():
    state = torch.random.get_rng_state()
    world = vector_world(1, warped=True)
    first, again = train(world, steps=60), train(world, steps=60)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    found = trained(1)
    x = found.data
    lost = (found.model.decode(found.model.encode(x).mean) - x).square().sum() / (x - x.mean(0)).square().sum()
    assert float(lost) < 0.1
