import pytest
import torch

from latentassay.truth.vectors import clean_vectors, noise_along, silence, vector_world


@pytest.mark.parametrize("seed", range(4))
def test_the_posterior_is_that_of_probabilistic_pca(seed):
    world = vector_world(seed)
    x = world.draw(200)
    mean, std = world.encode(x)
    # Tipping and Bishop 1999: p(z|x) = N(M⁻¹Wᵀ(x − b), σ²M⁻¹), M = WᵀW + σ²I, of rows before they were warped.
    W = (world.basis * world.amplitude).double()
    M = W.T @ W + world.sigma**2 * torch.eye(world.units).double()
    right = world.unwarp(x).double() @ W @ torch.linalg.inv(M)
    assert torch.allclose(mean.double(), right, atol=1e-3)
    assert torch.allclose(std[0].double().square(), (world.sigma**2 * torch.linalg.inv(M)).diagonal(), rtol=1e-3)


def test_codes_with_their_noise_follow_the_prior():
    world = vector_world(3)
    mean, std = world.encode(world.draw(20_000))
    assert torch.allclose(mean.var(0) + std[0].square(), torch.ones(world.units), atol=0.05)


def test_what_a_silent_variable_sees_is_noise():
    world = silence(vector_world(1), [2])
    x = world.draw(20_000)
    seen = noise_along(world, x, 2)
    assert abs(float(seen.std()) - 1) < 0.03
    assert float(world.encode(x)[0][:, 2].abs().max()) == 0
    assert float(world.noise[2]) == 1


def test_a_warp_is_undone():
    world = vector_world(1)
    assert world.bend != 1
    x = world.draw(50)
    again = world.decode(torch.zeros(1, world.units))
    assert torch.allclose(again[0], world.offset)
    y = world.unwarp(x)
    assert torch.allclose(world._warp(y), x, atol=1e-3 * float(x.std()))


def test_what_is_known_of_the_optimum_is_what_it_does():
    plant = clean_vectors(2)
    world = vector_world(2)
    response = plant.model.encode(plant.model.decode(torch.eye(world.units))).mean
    assert torch.allclose(response, torch.diag(1 - world.noise.square()), atol=1e-3)
    assert plant.known["units.strength"] == pytest.approx(float(response.diagonal().mean()), abs=1e-3)
