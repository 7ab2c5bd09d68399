"""The four kinds of latents: what each keeps, and where each comes from. Hybrids are tested with holes, too."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, rankdata
from torch.testing import assert_close

import latentassay as la
from latentassay import sampling
from tests.oracles.linear import exact_inverse


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
    foreign = la.from_torch(lambda x: codes.append(len(x)) or x, lambda z: z, latent_shape=(2,))
    for how, rows in (("hybrid", 128), ("uniform", 128), ("posterior", 3)):
        codes.clear()
        sampling.draw(foreign, line(300), 3, how=how, generator=seeded(), batch_size=50)
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


def pool_of(n=128, seed=1):
    """Four latents: the second is the first turned around, the third and fourth are one pair of independent values."""
    first, other = torch.randn(2, n, generator=seeded(seed)).double()
    return torch.stack([first, -first, other, 2 * other + 1], 1)


def test_hybrid_marginals_are_those_of_the_pool():
    z, n = pool_of(), 40_000
    drawn = sampling.hybrid(z, n, generator=seeded())
    assert drawn.shape == (n, 4) and drawn.dtype == z.dtype
    for latent in range(4):
        values, counts = drawn[:, latent].unique(return_counts=True)
        assert torch.equal(values, z[:, latent].sort().values)  # every value of the pool, and no other
        assert chisquare(counts.numpy()).pvalue > 0.001  # every one as often
    few = sampling.hybrid(z, n, generator=seeded(), pool=7)
    assert [len(few[:, latent].unique()) for latent in range(4)] == [7] * 4


@pytest.mark.parametrize("pair", [(0, 1), (2, 3), (0, 2)])
def test_hybrids_keep_no_dependence(pair):
    z, n = pool_of(), 400
    drawn = sampling.hybrid(z, n, generator=seeded())[:, list(pair)].numpy()

    def dependence(x, y):
        """Distance correlation would do; ranks of values and of their distances from the middle are quicker."""
        ranks = [rankdata(v) for v in (x, y)]
        return sum(abs(np.corrcoef(f(ranks[0]), f(ranks[1]))[0, 1]) for f in (lambda r: r, lambda r: abs(r - n / 2)))

    def p_value(x, y):
        rng = np.random.default_rng(0)
        return np.mean([dependence(x, rng.permutation(y)) >= dependence(x, y) for _ in range(300)])

    assert p_value(drawn[:, 0], drawn[:, 1]) > 0.02
    if pair != (0, 2):
        before = z[torch.randint(len(z), (n,), generator=seeded(2))][:, list(pair)].numpy()
        assert p_value(before[:, 0], before[:, 1]) == 0  # the test can tell


def test_groups_of_a_hybrid_stay_whole_and_part_from_others():
    z = pool_of()
    drawn = sampling.hybrid(z, 2000, generator=seeded(), units=[[0, 1], [2, 3]])
    assert torch.equal(drawn[:, 0], -drawn[:, 1]) and torch.equal(drawn[:, 3], 2 * drawn[:, 2] + 1)
    assert abs(correlation(drawn[:, [0, 2]])) < 0.08


def test_a_chunk_is_hybridised_and_the_rest_stays_that_of_the_base():
    z = pool_of()
    one, many = torch.full((4,), 9.0), torch.arange(4 * 50.0).view(50, 4)  # float32: hybrids are what z is
    for base in (one, many):
        drawn = sampling.hybrid(z, 50, generator=seeded(), units=[[1], [2]], base=base)
        assert drawn.dtype == z.dtype
        torch.testing.assert_close(drawn[:, [0, 3]], base.double().expand(50, 4)[:, [0, 3]], rtol=0, atol=0)
        assert set(drawn[:, 1].tolist()) <= set(z[:, 1].tolist()) and len(drawn[:, 1].unique()) > 30
    assert one.unique().tolist() == [9.0] and torch.equal(many, torch.arange(200.0).view(50, 4))
    without = sampling.hybrid(z, 50, generator=seeded(), units=[[1], [2]])
    assert torch.equal(without[:, [1, 2]], drawn[:, [1, 2]])  # the base changes nothing else
    assert {tuple(row) for row in without[:, [0, 3]].tolist()} <= {tuple(row) for row in z[:, [0, 3]].tolist()}


def test_chunks_of_foreign_models_and_of_spatial_latents():
    foreign = la.from_torch(lambda x: x * 2, lambda z: z / 2, latent_shape=(3, 2, 2))
    x = torch.randn(64, 3, 2, 2, generator=seeded())
    z = sampling.posterior(foreign, x, 64, generator=seeded())
    base, units = z[5], la.Units.default((3, 2, 2))
    drawn = sampling.hybrid(z, 30, generator=seeded(), units=units.groups[1:2], base=base)
    assert torch.equal(drawn[:, [0, 2]], base[[0, 2]].expand(30, 2, 2, 2))
    channels = {tuple(channel.flatten().tolist()) for channel in z[:, 1]}
    assert {tuple(channel.flatten().tolist()) for channel in drawn[:, 1]} <= channels  # a channel comes whole
    assert sampling.decode(foreign, drawn).shape == (30, 3, 2, 2)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n": 0}, "at least 1 latent, got 9, 0 and 128"),
        ({"pool": 0}, "at least 1 latent, got 9, 3 and 0"),
        ({"z": torch.zeros(0, 2)}, "at least 1 latent, got 0, 3 and 128"),
        ({"units": [[2]]}, "0..1"),
        ({"base": torch.zeros(3)}, r"one latent \(2,\) or one for each hybrid \(3, 2\), got \(3,\)"),
        ({"base": torch.zeros(2, 2)}, r"got \(2, 2\)"),
        ({"base": torch.tensor([0.0, torch.nan])}, "base holds NaN"),
    ],
)
def test_hybrid_refuses_what_makes_no_sense(options, match):
    options = {"z": line(9), "n": 3, **options}
    with pytest.raises(la.InputError, match=match):
        sampling.hybrid(options.pop("z"), options.pop("n"), generator=seeded(), **options)


def test_the_central_latent_is_a_real_one_whatever_the_scales():
    z = torch.randn(50, 3, generator=seeded()).double()
    z[17] = z.mean(0)
    scale = torch.tensor([1e-3, 1.0, 1e4]).double()
    assert torch.equal(sampling.central(z * scale), (z * scale)[17])
    flat = torch.cat([z, torch.ones(50, 1).double()], 1)  # one that never varies
    assert torch.equal(sampling.central(flat), flat[17]) and torch.equal(sampling.central(z[:1]), z[0])
    assert sampling.central(z.view(25, 2, 3)).shape == (2, 3)


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


def test_rows_may_run_backwards():
    x = line(9)
    found = sampling.encode(model(), x.numpy()[::-1], rows=np.arange(9)[::-1]).mean
    assert_close(found, x)


@pytest.mark.parametrize("base", [None, torch.zeros(3)], ids=["own base", "given base"])
def test_hybrids_of_all_rows_use_each_once_for_every_unit_and_never_two_of_one(base):
    z = torch.arange(50.0)[:, None].expand(50, 3)
    drawn = sampling.hybrid(z, 120, generator=seeded(), units=[[0], [1]], base=base, pool=None)
    for unit in range(2):
        for start in (0, 50):
            assert sorted(drawn[start : start + 50, unit].tolist()) == z[:, 0].tolist()
    assert (drawn[:, 0] != drawn[:, 1]).all() and (base is None or not drawn[:, 2].any())
    assert len({tuple(row) for row in drawn.tolist()}) > 110
    alone = sampling.hybrid(z[:1], 3, generator=seeded(), pool=None)
    assert not alone.any()


def test_blocks_of_hybrids_share_no_row():
    z = torch.arange(300.0)[:, None].expand(300, 4)
    found = sampling.hybrid_blocks(z, 1000, generator=seeded())
    assert found.latents.shape == (1000, 4) and found.block.bincount().amin() >= 31
    owners = [set(found.latents[found.block == b].flatten().tolist()) for b in range(32)]
    assert sum(map(len, owners)) == len(set().union(*owners)) == 300
    few = sampling.hybrid_blocks(z[:20], 30, generator=seeded())
    assert not few.block.any() and few.words == "hybrids of all 20 latents"


@pytest.mark.parametrize(
    "draw", [lambda z: la.sampling.hybrid(z, 4), lambda z: la.sampling.uniform(z, 4), la.sampling.central]
)
def test_latents_that_are_not_finite_are_refused(draw):
    with pytest.raises(la.InputError, match="z holds NaN"):
        draw(torch.tensor([[0.0, 1.0], [float("nan"), 2.0], [1.0, 3.0]]))


@pytest.mark.parametrize(
    "rows", [torch.zeros(2), [0, 99], [-1], [[0, 1]], [[0, 1], [2]], "rows", torch.tensor([True, False]), {"a": 1}, []]
)
def test_rows_that_are_no_row_numbers_are_refused(rows):
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    with pytest.raises(la.InputError, match="rows must"):
        sampling.encode(model, torch.randn(9, 2), rows=rows)


def test_rows_may_come_twice_and_backwards():
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    x = torch.randn(9, 2)
    rows = np.array([1, 1, 5])
    assert torch.equal(sampling.encode(model, x, rows=rows[::-1]).mean, x[[5, 1, 1]])
