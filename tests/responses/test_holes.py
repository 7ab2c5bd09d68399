"""Holes: planted ones of known mass, repairs, neighbourhoods, and coverage where shares are known."""

import pytest
import torch
from scipy import stats

import latentassay as la
from latentassay import sampling
from latentassay.responses.holes import find_holes_beside


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


class Shrinking:
    """A linear coder that keeps the direction (1, 1) and shrinks the one across it to a fifth."""

    latent_shape, prior = (2,), la.StandardNormal((2,))

    def decode(self, z):
        return z

    def encode(self, x):
        mean = x.mean(1, keepdim=True)
        return la.DiagonalGaussian(mean + 0.2 * (x - mean), torch.full_like(x, 1e-6))


def correlated(n, seed):
    """Rows of variance 1 and correlation 0.8."""
    common, own = torch.randn(n, 1, generator=seeded(seed)), torch.randn(n, 2, generator=seeded(seed + 10_000))
    return 0.8**0.5 * common + 0.2**0.5 * own


def shares_of_the_linear_coder():
    """What moves is across (1, 1): codes have variance 0.04 · 0.2 there, their hybrids (1.8 + 0.008)/2, the prior 1."""

    def share(variance):
        return 2 * stats.norm.sf(stats.norm.isf(0.005) * (0.04 * 0.2 / variance) ** 0.5)

    hybrid, prior = (1.8 + 0.04 * 0.2) / 2, 1.0
    left = share(0.04 * hybrid)
    return {
        "hybrid": share(hybrid),
        "prior": share(prior),
        "repaired": left,
        "repair_gain": share(hybrid) - left,
        "redrawn": share(hybrid) ** 2,
        "redraw_gain": share(hybrid) - share(hybrid) ** 2,
        "hybrid_gain": share(prior) - share(hybrid),
    }


def coverage_of_the_linear_coder(n, repetitions):
    truth = shares_of_the_linear_coder()
    inside = dict.fromkeys(truth, 0.0)
    for seed in range(repetitions):
        holes = la.find_holes(Shrinking(), correlated(n, seed), generator=seed, n=n)
        found = holes.hybrid._asdict() | {
            "hybrid": holes.hybrid.share,
            "prior": holes.prior.share,
            "hybrid_gain": holes.hybrid_gain,
        }
        for name, right in truth.items():
            inside[name] += (found[name].low <= right <= found[name].high) / repetitions
    return inside


def test_intervals_hold_the_shares_of_a_linear_coder():
    assert min(coverage_of_the_linear_coder(128, 100).values()) >= 0.9


@pytest.mark.long
@pytest.mark.parametrize("n", [128, 1024])
def test_intervals_cover_the_shares_of_a_linear_coder_at_their_level(n):
    assert min(coverage_of_the_linear_coder(n, 500).values()) >= 0.93


def test_a_repair_that_gains_nothing_says_so():
    """No sample responds any nearer to itself after its response: a rotation by 30 degrees moves all as before."""

    class Turning(Shrinking):
        def encode(self, x):
            turned = x @ torch.tensor([[0.866025, 0.5], [-0.5, 0.866025]]) / 0.999
            return la.DiagonalGaussian(turned, torch.full_like(x, 1e-6))

    holes = la.find_holes(Turning(), correlated(2000, 0), generator=seeded(), n=1000)
    assert holes.hybrid.share > 0 and holes.hybrid.repair_gain.low <= 0


def test_few_rows_make_a_reference_of_one_sample_each():
    holes = la.find_holes(Shrinking(), correlated(150, 0), generator=seeded(), n=600)
    assert len(holes.posterior_distance) == 150 and len(holes.hybrid.distance) == len(holes.prior.distance) == 600
    assert "150 posterior samples, hybrids of all 150 latents, in 32 blocks" in holes.variant


@pytest.mark.parametrize(
    "change",
    [dict(quantile=1.0), dict(active=[]), dict(active=[2]), dict(neighbours=0), dict(neighbours=100), dict(n=1)],
    ids=str,
)
def test_holes_refuse_bad_input(change):
    with pytest.raises(la.InputError):
        la.find_holes(Planted(1.0), data_below(1.0), generator=seeded(), **{"n": 100, **change})


def test_a_posterior_with_nan_std_is_refused_by_name():
    class Broken(Planted):
        def encode(self, x):
            return la.DiagonalGaussian(x, torch.full_like(x, torch.nan))

    with pytest.raises(la.InputError, match="standard deviations"):
        la.find_holes(Broken(1.0), data_below(1.0), generator=seeded(), n=100)
    with pytest.raises(la.InputError, match="standard deviations"):
        sampling.posterior(Broken(1.0), data_below(1.0), 10, generator=seeded())


def test_several_neighbourhoods_cost_one_set_of_responses():
    model, decoded = Jittery(1.0), []
    decode = model.decode
    model.decode = lambda z: decoded.append(len(z)) or decode(z)
    plain = find_holes_beside(model, data_below(1.0), neighbours=(None,), generator=seeded(), n=500)
    passes = sum(decoded)
    both = find_holes_beside(model, data_below(1.0), neighbours=(None, 30), generator=seeded(), n=500)
    assert sum(decoded) == 2 * passes
    assert both[0].hybrid.share == plain[0].hybrid.share and torch.equal(both[0].hybrid.worst, plain[0].hybrid.worst)
    alone = la.find_holes(model, data_below(1.0), generator=seeded(), n=500, neighbours=30)
    assert torch.equal(both[1].hybrid.distance, alone.hybrid.distance)
