import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay import sampling
from tests.oracles import slow
from tests.oracles.linear import exact_inverse


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Planted:
    """Knows the latents with first coordinate below ``edge``; beyond it, everything decodes to the origin's picture.

    Under the prior the hole has mass 1 − Φ(edge); data never reach it.
    """

    latent_shape = (2,)

    def __init__(self, edge):
        self.edge, self.prior = edge, la.StandardNormal((2,))

    def decode(self, z):
        return torch.where(z[:, :1] > self.edge, 0.0 * z - 5.0, z)

    def encode(self, x):
        return la.DiagonalGaussian(x + 0.01 * torch.sin(x), torch.full_like(x, 1e-3))


def data_below(edge, n=4000):
    z = torch.randn(3 * n, 2, generator=seeded(9))
    return z[z[:, 0] < edge - 0.05][:n]


def test_a_planted_hole_of_known_mass_is_found():
    edge = 1.0  # mass 0.1587
    holes = la.find_holes(Planted(edge), data_below(edge), generator=seeded(), n=2000)
    truth = 0.1587 + 0.01 * (1 - 0.1587)  # plus 1 % of the rest, by the definition of the threshold
    assert holes.prior.share.low <= truth <= holes.prior.share.high
    assert (holes.prior.worst[:, 0] > edge).all()
    assert holes.hybrid.share.low <= 0.01 <= holes.hybrid.share.high
    assert holes.prior.repaired < 0.05
    # Drawn again, a sample falls into the hole as rarely as before.
    low, high = holes.prior.redrawn.low, holes.prior.redrawn.high
    assert low <= truth**2 <= high


def test_a_model_without_holes_has_none():
    holes = la.find_holes(Planted(99.0), data_below(99.0), generator=seeded(), n=2000)
    assert holes.prior.share.low <= 0.01 <= holes.prior.share.high


class Jittery(Planted):
    """Moves what lies left of 0 by up to 1, what lies right of it by a tenth of that; a hole where x > 1 moves by ½.

    Data know all of it but the hole, so the left half's jitter hides the hole from one threshold for all.
    """

    def decode(self, z):
        return z

    def encode(self, x):
        left, hole = x[:, :1] < 0, x[:, :1] > self.edge
        moved = torch.where(hole, 0.5, torch.where(left, 1.0, 0.1) * torch.sin(50 * x[:, 1:]).abs())
        return la.DiagonalGaussian(x - torch.cat([0 * moved, moved], 1), torch.full_like(x, 1e-3))


def test_a_neighbourhood_of_its_own_shows_the_hole_that_restless_data_elsewhere_hide():
    plain, local = (
        la.find_holes(Jittery(1.0), data_below(1.0), generator=seeded(), n=2000, neighbours=k) for k in (None, 30)
    )
    assert plain.prior.share < 0.03
    assert local.prior.share == pytest.approx(0.159, abs=0.03)
    assert "30 real neighbours" in local.variant


def test_neighbourhoods_do_not_invent_holes():
    found = la.find_holes(Planted(99.0), data_below(99.0), generator=seeded(), n=2000, neighbours=20)
    assert found.prior.share.low <= 0.02


def test_only_the_active_latents_are_compared():
    class Noisy(Planted):
        def encode(self, x):
            q = super().encode(x)
            return la.DiagonalGaussian(q.mean * torch.tensor([1.0, 0.0]), q.std)

    sharp = la.find_holes(Noisy(1.0), data_below(1.0), generator=seeded(), n=1000, active=[0])
    assert sharp.prior.share == pytest.approx(0.167, abs=0.04) and "causal" in sharp.variant


def test_without_a_prior_only_hybrids_are_asked():
    model = Planted(1.0)
    model.prior = None
    holes = la.find_holes(model, data_below(1.0), generator=seeded(), n=200, steps=2, worst=3)
    assert holes.prior is None and len(holes.hybrid.worst) == 3


@pytest.mark.parametrize(
    "change",
    [dict(quantile=1.0), dict(active=[]), dict(active=[2]), dict(neighbours=0), dict(neighbours=100), dict(n=1)],
    ids=str,
)
def test_holes_refuse_bad_input(change):
    with pytest.raises(la.InputError):
        la.find_holes(Planted(1.0), data_below(1.0), generator=seeded(), **{"n": 100, **change})


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


def test_hybrids_keep_marginals_and_break_dependence():
    z = torch.randn(128, 1, generator=seeded()).repeat(1, 3)
    h = sampling.hybrid(z, 5000, generator=seeded())
    assert all(set(h[:, j].tolist()) <= set(z[:, j].tolist()) for j in range(3))
    assert torch.corrcoef(h.T).fill_diagonal_(0).abs().max() < 0.05
    whole = sampling.hybrid(z, 1000, generator=seeded(), units=[[0, 1], [2]])
    assert_close(whole[:, 0], whole[:, 1])


def test_posterior_takes_every_row_before_any_twice():
    model = exact_inverse(2, 2)
    x = torch.arange(10.0).repeat(2, 1).T
    z = sampling.posterior(model, x, 10, generator=seeded())
    assert len({round(float(v), 6) for v in model.decode(z)[:, 0]}) == 10
    assert len(sampling.posterior(model, x, 25, generator=seeded())) == 25


def test_posterior_samples_keep_the_correlations_of_a_full_covariance():
    lower = torch.tensor([[1.0, 0.0], [0.9, 0.4359]])

    class Correlated:
        latent_shape = (2,)

        def encode(self, x):
            return la.FullCovarianceGaussian(0 * x, lower.expand(len(x), 2, 2))

    x = torch.zeros(4000, 2)
    codes = sampling.encode(Correlated(), x, generator=seeded())
    assert torch.corrcoef(codes.sample.T)[0, 1] == pytest.approx(0.9, abs=0.02)
    assert sampling.encode(Correlated(), x).sample is None
    with pytest.raises(la.InputError, match="without a generator"):
        sampling.drawn(sampling.encode(Correlated(), x))


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


def test_a_posterior_with_nan_std_is_refused_by_name():
    class Broken(Planted):
        def encode(self, x):
            return la.DiagonalGaussian(x, torch.full_like(x, torch.nan))

    with pytest.raises(la.InputError, match="standard deviations"):
        la.find_holes(Broken(1.0), data_below(1.0), generator=seeded(), n=100)
    with pytest.raises(la.InputError, match="standard deviations"):
        sampling.posterior(Broken(1.0), data_below(1.0), 10, generator=seeded())
