"""Splines: points at equal distances, and Adam without what torch's brings along."""

import pytest
import torch
from fresh import imported_after

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
