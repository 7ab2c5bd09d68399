"""The four kinds of latents: what each keeps, and where each comes from. Hybrids are tested with holes, too."""

import pytest
import torch

import latentassay as la
from latentassay import sampling


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def model(prior="normal"):
    encode = lambda x: (x, torch.full_like(x, 0.01))  # noqa: E731
    return la.from_torch(encode, lambda z: z, latent_shape=(2,), prior=prior, output="mean_std")


def line(n):
    """Two latents that are one, 0 to 1."""
    return torch.linspace(0, 1, n)[:, None].repeat(1, 2)


def correlation(z):
    return float(torch.corrcoef(z.T)[0, 1])


def test_uniform_fills_the_box_and_keeps_no_dependence():
    z = torch.randn(200, 3, generator=seeded()).double() * torch.tensor([1.0, 5.0, 0.0]) + 2
    drawn = sampling.uniform(z, 20_000, generator=seeded())
    low, high = z.aminmax(dim=0)
    assert drawn.shape == (20_000, 3) and drawn.dtype == z.dtype
    assert ((drawn >= low) & (drawn <= high)).all()
    torch.testing.assert_close(drawn.mean(0), (low + high) / 2, rtol=0, atol=0.15)
    torch.testing.assert_close(drawn.std(0), (high - low) / 12**0.5, rtol=0.02, atol=0)
    assert abs(correlation(drawn[:, :2])) < 0.03


def test_uniform_leaves_latents_in_no_unit_together():
    z = line(50).repeat(1, 2)
    drawn = sampling.uniform(z, 500, generator=seeded(), units=[[1], [2]])
    assert torch.equal(drawn[:, 0], drawn[:, 3]) and set(drawn[:, 0].tolist()) <= set(z[:, 0].tolist())
    assert len(set(drawn[:, 1].tolist())) > 450 and abs(correlation(drawn[:, 1:3])) < 0.15
    spatial = torch.randn(9, 2, 4, 4, generator=seeded())
    assert sampling.uniform(spatial, 5, generator=seeded()).shape == (5, 2, 4, 4)


def test_draw_chooses_among_the_four():
    x = line(300)
    drawn = {
        how: sampling.draw(model(), x, 400, how=how, generator=seeded())
        for how in ("posterior", "hybrid", "uniform", "prior")
    }
    assert all(z.shape == (400, 2) and z.dtype == torch.float32 for z in drawn.values())
    assert correlation(drawn["posterior"]) > 0.99
    assert all(abs(correlation(drawn[how])) < 0.2 for how in ("hybrid", "uniform", "prior"))
    assert len(set(drawn["hybrid"][:, 0].tolist())) <= sampling.POOL < len(set(drawn["uniform"][:, 0].tolist()))
    assert drawn["uniform"].min() > -0.05 and drawn["uniform"].max() < 1.05 and drawn["prior"].abs().max() > 2
    assert torch.equal(drawn["posterior"], sampling.posterior(model(), x, 400, generator=seeded()))
    assert torch.equal(drawn["posterior"], sampling.draw(model(), x, 400, generator=seeded()))
    assert torch.equal(drawn["prior"], sampling.prior(model(), 400, generator=seeded()))


def test_few_draws_still_rest_on_enough_codes():
    few = sampling.draw(model(), line(300), 3, how="uniform", generator=seeded())
    assert few.shape == (3, 2)
    codes = []
    guest = la.from_torch(lambda x: codes.append(len(x)) or x, lambda z: z, latent_shape=(2,))
    for how, rows in (("hybrid", 128), ("uniform", 128), ("posterior", 3)):
        codes.clear()
        sampling.draw(guest, line(300), 3, how=how, generator=seeded(), batch_size=50)
        assert sum(codes) == rows


def test_draws_of_units_keep_what_belongs_together():
    x = line(300)
    together = sampling.draw(model(), x, 400, how="hybrid", generator=seeded(), units=[[0, 1]])
    assert correlation(together) > 0.99


def test_seeds_and_input():
    x = line(40)
    before = x.clone()
    for how in ("posterior", "hybrid", "uniform", "prior"):
        one, same, other = (sampling.draw(model(), x, 9, how=how, generator=seeded(s)) for s in (0, 0, 1))
        assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(x, before)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"how": "grid"}, "how must be 'posterior', 'hybrid', 'uniform' or 'prior', got 'grid'"),
        ({"n": 0}, "n must be at least 1"),
        ({"how": "prior", "model": model(prior=None)}, "no prior"),
        ({"data": line(1)}, "data must have shape"),
        ({"how": "hybrid", "units": [[2]]}, "0..1"),
        ({"how": "uniform", "units": [[2]]}, "0..1"),
    ],
)
def test_draw_refuses_what_makes_no_sense(options, match):
    options = {"model": model(), "data": line(9), "n": 4, "how": "posterior", **options}
    with pytest.raises(la.InputError, match=match):
        sampling.draw(options.pop("model"), options.pop("data"), options.pop("n"), generator=seeded(), **options)
