"""Splines: points at equal distances, and Adam without what torch's brings along."""

import pytest
import torch
from fresh import imported_after

import latentassay as la
from latentassay.responses.spline import Adam, respace


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_adam_is_torchs_to_the_bit(dtype, generator):
    start = torch.randn(8, 3, generator=generator, dtype=dtype)
    target, steps = torch.randn(8, 3, generator=generator, dtype=dtype), 60
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    adam, optimizer = Adam(ours, 0.03), torch.optim.Adam([theirs], lr=0.03)
    for _ in range(steps):
        adam.step(*torch.autograd.grad((ours - target).pow(4).sum(), [ours]))
        (theirs.grad,) = torch.autograd.grad((theirs - target).pow(4).sum(), [theirs])
        optimizer.step()
        assert torch.equal(ours, theirs)
    assert (ours - start).abs().max() > 0.5


def test_a_way_is_found_without_torchs_compiler():
    code = """
import torch
import latentassay as la
encoder, decoder = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
model = la.from_torch(encoder, decoder, latent_shape=(2,))
la.manifold_path(model, torch.zeros(2), torch.ones(2), latents=(0, 1), n=10, steps=30)
"""
    brought = imported_after(code)
    assert "scipy" in brought and "sympy" not in brought  # torch's compiler would bring sympy


def test_respacing_keeps_ends_and_spaces_by_length():
    way = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 3.0]])
    torch.testing.assert_close(
        respace(way, 5), torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_model_in_half_precision_is_led_along_the_way_that_it_takes_in_single(dtype, generator):
    """Responses lie on the unit circle: from (1, 0) to (0, 1) the way on the manifold is an arc."""

    class Circle(torch.nn.Module):
        def __init__(self, dtype):
            super().__init__()
            self.one = torch.nn.Parameter(torch.ones((), dtype=dtype))

        def forward(self, z):
            return self.one * z / z.norm(dim=1, keepdim=True).clamp(min=0.01)

    ways = [
        la.manifold_path(
            la.from_torch(torch.nn.Identity(), Circle(of), latent_shape=(2,)),
            torch.tensor([1.0, 0.0]),
            torch.tensor([0.0, 1.0]),
            through=torch.tensor([[0.7, 0.5]]),
            steps=75,
        )
        for of in (torch.float32, dtype)
    ]
    for way in ways:
        assert way.manifold.cost < 0.7 * way.straight.cost
        assert way.manifold.z.norm(dim=1).min() > 0.9  # the middle of the straight line is at 0.71
    assert ways[1].manifold.cost == pytest.approx(ways[0].manifold.cost, rel=0.1)
