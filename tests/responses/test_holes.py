import pytest
import torch

import latentassay as la
from latentassay import sampling


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


def test_a_posterior_with_nan_std_is_refused_by_name():
    class Broken(Planted):
        def encode(self, x):
            return la.DiagonalGaussian(x, torch.full_like(x, torch.nan))

    with pytest.raises(la.InputError, match="standard deviations"):
        la.find_holes(Broken(1.0), data_below(1.0), generator=seeded(), n=100)
    with pytest.raises(la.InputError, match="standard deviations"):
        sampling.posterior(Broken(1.0), data_below(1.0), 10, generator=seeded())
