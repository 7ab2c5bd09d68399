"""The structure score: zero for perfect models, rising with what responses change, and equal to the loop."""

import pytest
import torch

import latentassay as la
from tests.oracles import slow
from tests.oracles.linear import exact_inverse


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_structure_of_a_perfect_model_is_none():
    found = la.structure_score(exact_inverse(3, 8), generator=seeded(), n=300)
    assert abs(found.score) < 1e-12 and found.score.low <= 0 <= found.score.high


def test_structure_rises_when_responses_shrink():
    def shrunk(factor):
        model = exact_inverse(3, 8, noise=0.01)
        model.E = model.E * factor
        return la.structure_score(model, generator=seeded(), n=400)

    scores = [shrunk(factor) for factor in (1.0, 0.6, 0.2)]
    assert scores[0].score < scores[1].score < scores[2].score
    assert scores[2].p_value < 0.01 and scores[2].score.low > 0


def test_causal_variant_ignores_what_is_dead():
    model = exact_inverse(3, 8, noise=0.01)
    model.E[2] = 0.0  # the third unit never answers
    everything = la.structure_score(model, generator=seeded(), n=400)
    causal = la.structure_score(model, generator=seeded(), n=400, active=[0, 1])
    assert everything.p_value < 0.01 < causal.p_value and "causal latents (d = 2)" in causal.variant


def test_structure_equals_the_loop_with_either_kernel():
    """The published single kernel is C = d; ours gives it as the scale ½ for a prior of unit variance."""
    model, n = exact_inverse(3, 8), 24
    model.E = 0.7 * model.E
    for scales, widths in (((0.5,), [3.0]), ((0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0), None)):
        found = la.structure_score(model, generator=seeded(), n=n, sample=False, scales=scales)
        z = model.prior.sample(n, seeded()).float()
        widths = widths or [6.0 * s for s in scales]
        assert found.score == pytest.approx(slow.mmd(z.double(), la.respond(model, z).double(), widths), abs=1e-6)
    with pytest.raises(la.InputError, match="scales"):
        la.structure_score(model, generator=seeded(), n=n, scales=(0.0,))


def test_structure_without_a_prior_needs_a_base():
    model = exact_inverse(3, 8)
    model.prior = None
    with pytest.raises(la.InputError, match="no prior"):
        la.structure_score(model, generator=seeded())
    base = torch.randn(50, 3, generator=seeded()).double()
    assert "given base" in la.structure_score(model, generator=seeded(), base=base).variant
    with pytest.raises(la.InputError, match="active"):
        la.structure_score(model, generator=seeded(), base=base, active=[3])


def test_dead_channels_are_silenced_whatever_the_memory_layout():
    def encode(x):  # the second channel leaks into the first
        return torch.stack([x[:, 0] + x[:, 1], x[:, 1]], 1)

    pair = la.from_torch(encode, lambda z: z, latent_shape=(2, 2, 2))
    base = torch.randn(40, 2, 2, 2, generator=seeded())
    plain, strided = (
        la.structure_score(pair, generator=seeded(), base=latents, active=range(4), sample=False).score
        for latents in (base, base.to(memory_format=torch.channels_last))
    )
    assert plain == pytest.approx(strided) == pytest.approx(0, abs=1e-12)
