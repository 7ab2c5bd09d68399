import torch

from latentassay.truth.training import train, trained_world
from latentassay.truth.vectors import vector_world


def test_training_leaves_chance_as_it_was_and_a_seed_decides():
    state = torch.random.get_rng_state()
    world = vector_world(1, warped=True)
    first, again = train(world, steps=60), train(world, steps=60)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_a_trained_autoencoder_keeps_most_of_fresh_rows():
    world, model = trained_world(1)
    x = world.draw()
    with torch.no_grad():
        lost = (model.decode(model.encode(x)[0]) - x).square().sum() / (x - x.mean(0)).square().sum()
        assert torch.allclose(model.encode(x)[0].std(0), torch.ones(world.units), atol=0.15)
    assert float(lost) < 0.1
