import time

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from tests.oracles import slow
from tests.oracles.linear import exact_inverse, random_linear


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed=1, scale=1.0):
    return scale * torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def test_linear_model_has_its_closed_form():
    model = random_linear(4, 9)
    sigma = torch.tensor([1.0, 0.5, 2.0, 1.0])
    m = la.response_matrix(model, normals(20_000, 4) * sigma, generator=seeded(0))
    expected = model.A.T.abs() * 2**0.5 * sigma[:, None]
    assert_close(m.matrix, expected, rtol=0.03, atol=0.003)


def test_exact_inverse_responds_perfectly():
    model = exact_inverse(3, 7)
    z = normals(500, 3, scale=0.3)
    assert_close(la.respond(model, z), z)
    m = la.response_matrix(model, z, generator=seeded(0))
    assert_close(m.normalized.diagonal(), torch.ones(3, dtype=torch.float64), rtol=0.1, atol=0)
    assert_close(m.matrix - m.matrix.diag().diag(), torch.zeros(3, 3).double(), atol=1e-9, rtol=0)


def test_effects_are_shares_of_the_variance_of_a_linear_decoder():
    """Of a decoder z W: σ_j² ‖W_j‖² / Σ_k σ_k² ‖W_k‖², whatever the encoder makes of it."""
    model, sigma = random_linear(4, 9), torch.tensor([1.0, 0.5, 2.0, 0.0]).double()
    model.E = 0 * model.E
    m = la.response_matrix(model, normals(20_000, 4) * sigma, generator=seeded(0))
    parts = sigma**2 * model.D.square().sum(0)
    assert_close(m.effect, parts / parts.sum(), rtol=0.02, atol=1e-12)
    assert m.effect[3] == m.effect_stderr[3] == 0 and not m.coupling.any()
    assert m.decoded_variance == pytest.approx(float(parts.sum()), rel=0.02)


def test_effects_of_units_that_work_together_sum_to_more_than_one():
    """D(z) = z₁z₂ of standard normals: variance 1, and E(z₁z₂ − z₁'z₂)² = 2, so both move all of it."""
    model = la.from_torch(lambda x: x.expand(-1, 2), lambda z: z[:, :1] * z[:, 1:], latent_shape=(2,))
    m = la.response_matrix(model, normals(40_000, 2), generator=seeded(0))
    assert_close(m.effect, torch.ones(2).double(), rtol=0.05, atol=0)


def test_effects_of_pairs_equal_brute_force():
    model, z = random_linear(4, 6, seed=3), normals(16, 4)
    m = la.response_matrix(model, z, units=[[0, 2], [3]], generator=seeded(5), batch_size=3)
    ordered, partner, size = slow.same_draws(z, m.units, 5)
    x = model.decode(ordered).numpy().reshape(-1, size, 6)
    variance = x.var(1, ddof=1).sum(1).mean()
    assert m.decoded_variance == pytest.approx(variance, rel=1e-9)
    for unit, group in enumerate(m.units.groups):
        changed = ordered.clone()
        changed[:, list(group)] = ordered[partner[:, unit]][:, list(group)]
        moved = (model.decode(changed) - model.decode(ordered)).square().sum(1).mean() * size / (size - 1)
        assert float(m.effect[unit]) == pytest.approx(float(moved) / (2 * variance), rel=1e-6)


def test_coupling_is_the_square_and_its_interval_covers_the_closed_form():
    model = weak_first_unit()
    truth, hits = model.A.T.square(), torch.zeros(3, 3)
    parts = model.D.square().sum(0)
    effects = torch.zeros(3)
    for seed in range(200):
        m = la.response_matrix(model, normals(1024, 3, seed=300 + seed), generator=seeded(seed), precision=0.1)
        assert_close(m.coupling, m.normalized.square())
        hits += (m.coupling - truth).abs() <= 1.96 * m.coupling_stderr + 1e-12
        effects += (m.effect - parts / parts.sum()).abs() <= 1.96 * m.effect_stderr
    assert 0.92 <= float(hits.mean()) / 200 <= 0.98 and hits.min() >= 0.88 * 200
    assert 0.92 <= float(effects.mean()) / 200 <= 0.98


@pytest.mark.parametrize("groups", [[[0], [1], [2], [3]], [[0, 2], [1, 3]], [[3], [1]]])
def test_equals_the_paper_loop_on_the_same_draws(groups):
    model, z = random_linear(4, 6, seed=3), normals(16, 4)
    m = la.response_matrix(model, z, units=groups, generator=seeded(5), batch_size=4)
    ordered, partner, size = slow.same_draws(z, m.units, 5)
    expected = slow.response_matrix(model, ordered, partner.tolist(), groups, size)
    assert_close(m.matrix, torch.from_numpy(expected), rtol=1e-5, atol=1e-8)


def test_batch_size_does_not_matter():
    model, z = random_linear(3, 6), normals(50, 3)
    one = la.response_matrix(model, z, generator=seeded(0), batch_size=7)
    other = la.response_matrix(model, z, generator=seeded(0), batch_size=50)
    for a, b in zip(one[:8], other[:8], strict=True):
        assert_close(a, b)


class Curved:
    """A nonlinear response without noise; its matrix is known only by measuring it with very many latents."""

    latent_shape, prior = (3,), la.StandardNormal((3,))

    def decode(self, z):
        return z

    def encode(self, x):
        a, b, c = x.unbind(1)
        return la.Point(torch.stack([a + 0.5 * torch.sin(2 * b), 0.6 * b + 0.3 * a**2, torch.tanh(2 * c) / 2], 1))


def weak_first_unit():
    model = random_linear(3, 8, seed=2)
    model.E[0] = 0.4 * model.E[0] + 0.3 * model.E[1]
    return model


def coverage(model, truth, n, **options):
    """Share of 200 repetitions in which the 95 % interval holds the truth, (raw, normalized), per entry."""
    raw, normalized = truth
    hits = torch.zeros(2, 3, 3)
    for seed in range(200):
        m = la.response_matrix(model, normals(n, 3, seed=100 + seed), generator=seeded(seed), **options)
        hits[0] += (m.matrix - raw).abs() <= 1.96 * m.matrix_stderr + 1e-12
        hits[1] += (m.normalized - normalized).abs() <= 1.96 * m.normalized_stderr + 1e-12
    return hits / 200


@pytest.mark.parametrize("options", [{}, {"precision": 0.1}, {"precision": 0.05}], ids=str)
def test_intervals_cover_the_truth_also_when_units_stop_early(options):
    """92 to 98 % of 95 % intervals hold the closed form, over all entries; no single entry falls below 88 %."""
    model = weak_first_unit()
    truth = model.A.T.abs()
    found = coverage(model, (truth * 2**0.5, truth), 1024, **options)
    assert all(0.92 <= float(kind.mean()) <= 0.98 for kind in found)
    assert found.min() >= 0.88


@pytest.mark.long
@pytest.mark.parametrize("options", [{}, {"precision": 0.1}, {"precision": 0.05}], ids=str)
def test_intervals_cover_the_truth_of_a_curved_response(options):
    model = Curved()
    big = la.response_matrix(model, normals(400_000, 3, seed=99_999), generator=seeded(0), batch_size=4000)
    found = coverage(model, (big.matrix, big.normalized), 2048, **options)
    varying = big.matrix > 1e-9
    assert all(0.92 <= float(kind[varying].mean()) <= 0.98 for kind in found)


def test_stratified_values_need_fewer_latents_than_unrelated_ones():
    """The spread of estimates over repetitions, against one random cycle through the rows."""
    model, ours, plain = random_linear(3, 8, seed=2), [], []
    for seed in range(150):
        z = normals(512, 3, seed=seed)
        ours.append(la.response_matrix(model, z, generator=seeded(seed)).normalized.diagonal())
        change = (z - z.roll(1, 0)) * model.A.diagonal()
        plain.append(change.square().mean(0).sqrt() / (2**0.5 * z.std(0)))
    ratio = torch.stack(ours).var(0) / torch.stack(plain).var(0)
    assert ratio.mean() < 0.85


def test_units_stop_as_soon_as_they_are_certain():
    model, z = weak_first_unit(), normals(4096, 3)
    rough, fine = (la.response_matrix(model, z, generator=seeded(0), precision=p) for p in (0.2, 0.04))
    assert rough.n == 4096 and sum(rough.used) < sum(fine.used) and max(fine.used) < 4096
    half = 1.96 * fine.normalized_stderr.amax(1)
    assert (half <= 0.04 * fine.normalized.diagonal().clamp(min=0.354)).all()
    whole = la.response_matrix(model, z, generator=seeded(0), precision=1e-9)
    assert set(whole.used) == {4096}
    assert_close(whole.matrix, la.response_matrix(model, z, generator=seeded(0)).matrix)


def test_a_budget_ends_the_measurement_and_the_first_round_always_runs():
    class Slow(Curved):
        asked = 0

        def decode(self, z):
            type(self).asked += len(z)
            time.sleep(2e-4 * len(z))
            return z

    began = time.perf_counter()
    m = la.response_matrix(Slow(), normals(4096, 3), generator=seeded(0), budget=1.0)
    assert 32 <= m.used[0] < 4096 and time.perf_counter() - began < 3.0
    assert Slow.asked == 4 * m.used[0]
    assert la.response_matrix(Slow(), normals(4096, 3), generator=seeded(0), budget=1e-6).used == (32, 32, 32)


@pytest.mark.parametrize("options", [{"precision": 0}, {"budget": -1.0}, {"precision": float("nan")}])
def test_precision_and_budget_must_be_positive(options):
    with pytest.raises(la.InputError, match="positive number"):
        la.response_matrix(Curved(), normals(64, 3), generator=seeded(0), **options)


class Staged:
    """A decoder in three stages, one latent each, that counts how often every stage was run."""

    latent_shape, prior = (3,), None

    def __init__(self):
        self.runs = [0, 0, 0]

    def _stage(self, k, h, z):
        self.runs[k] += len(z)
        return torch.tanh(h + z[:, k : k + 1] * torch.arange(1.0, 4.0).to(z))

    def decode(self, z):
        return self.decode_keeping(z)[0]

    def encode(self, x):
        return la.Point(x)

    def decode_keeping(self, z):
        kept = [z.new_zeros(len(z), 3)]
        for k in range(3):
            kept.append(self._stage(k, kept[-1], z))
        return kept[-1], kept

    def decode_again(self, z, kept, changed):
        h = kept[min(changed)]
        for k in range(min(changed), 3):
            h = self._stage(k, h, z)
        return h


def test_structural_decoders_reuse_what_an_intervention_cannot_have_changed():
    staged, plain, z = Staged(), Staged(), normals(64, 3)
    pair = la.from_torch(lambda x: x, plain.decode, latent_shape=(3,))
    fast, slowly = (la.response_matrix(m, z, generator=seeded(0)) for m in (staged, pair))
    assert_close(fast.matrix, slowly.matrix)
    assert staged.runs == [2 * 64, 3 * 64, 4 * 64] and plain.runs == [4 * 64] * 3


def test_dead_unit_is_zero_and_not_alive():
    model, z = exact_inverse(3, 5), normals(100, 3)
    z[:, 1] = 0.0
    m = la.response_matrix(model, z, generator=seeded(0))
    assert m.normalized[:, 1].eq(0).all() and torch.isfinite(m.normalized_stderr).all()
    causal = la.causal_units(m)
    assert causal.active == (0, 2) and causal.dimension == 2 and causal.mask == (True, False, True)
    assert la.causal_units(m, raw=True).threshold == 0.5


@pytest.mark.parametrize("units", [[[0, 1], [1]], [[]], [[3]], [[-1]], [], la.Units.default((5,))])
def test_bad_units_are_refused(units):
    with pytest.raises(la.InputError, match="unit"):
        la.response_matrix(random_linear(3, 6), normals(9, 3), units=units, generator=seeded(0))


class BreaksBeyond(Curved):
    """The identity, whose decodings are NaN where z₀ > 1.2; like many encoders, its own refuses NaN."""

    def decode(self, z):
        return torch.where(z[:, :1] > 1.2, torch.nan, z)

    def encode(self, x):
        if not torch.isfinite(x).all():
            raise ValueError("Input contains NaN")
        return la.Point(x)


@pytest.mark.parametrize("options", [{}, {"precision": 0.02}], ids=str)
def test_rows_whose_response_is_not_finite_are_left_out_and_counted(options):
    """Where v and z₀ both stay below 1.2, E(v − z₀)² is twice the variance of a normal that is cut off there."""
    z = normals(60_000, 3)
    m = la.response_matrix(BreaksBeyond(), z, generator=seeded(0), **options)
    density, below = 0.19418605, 0.88493033  # of a standard normal at and below 1.2, from a table
    cut = 1 - 1.2 * density / below - (density / below) ** 2
    expected = torch.tensor([cut, 1.0, 1.0]).double()
    assert ((m.coupling.diagonal() - expected).abs() < 4 * m.coupling_stderr.diagonal()).all()
    assert_close(m.coupling - m.coupling.diag().diag(), torch.zeros(3, 3).double())
    assert m.lost == pytest.approx(1 - below, abs=0.01)
    assert_close(m.effect, expected / (cut + 2), rtol=0.05, atol=0)
    if not options:
        shares = torch.tensor(m.used) / 60_000
        assert_close(shares, torch.tensor([below**2, below, below]), rtol=0.01, atol=0.01)


def test_infinite_responses_are_lost_too_and_batches_do_not_matter():
    class Explodes(Curved):
        def encode(self, x):
            return la.Point(torch.where(x[:, 1:2] < -1, torch.inf, x))

    z = normals(200, 3)
    one, other = (la.response_matrix(Explodes(), z, generator=seeded(0), batch_size=size) for size in (5, 200))
    for a, b in zip(one[:8], other[:8], strict=True):
        assert_close(a, b)
    assert one.lost == other.lost > 0.1 and one.used == other.used and max(one.used) < 200
    assert torch.isfinite(one.normalized_stderr).all() and torch.isfinite(one.effect_stderr).all()


def test_no_response_is_lost_by_a_model_without_nan():
    m = la.response_matrix(Curved(), normals(64, 3), generator=seeded(0))
    assert m.lost == 0 and m.used == (64, 64, 64)


def test_too_few_latents_or_nan_responses_are_refused():
    model = random_linear(3, 6)
    with pytest.raises(la.InputError, match="at least 4"):
        la.response_matrix(model, normals(3, 3), generator=seeded(0))
    model.D = model.D * torch.nan
    with pytest.raises(la.InputError, match="NaN"):
        la.response_matrix(model, normals(9, 3), generator=seeded(0))


def test_channels_are_the_units_of_spatial_latents():
    pair = la.from_torch(lambda x: x[:, :2], lambda z: torch.cat([z, z[:, :1]], 1), latent_shape=(2, 4, 4))
    z = torch.randn(256, 2, 4, 4, generator=seeded(0))
    m = la.response_matrix(pair, z, generator=seeded(0))
    assert len(m.units) == 2 and m.units.label(1) == "c1"
    assert_close(m.normalized.diagonal(), torch.ones(2).double(), rtol=0.05, atol=0)


def test_when_every_unit_is_dead_nothing_is_alive_and_nothing_is_nan():
    model, z = random_linear(3, 5), normals(64, 3)
    model.D = 0 * model.D
    m = la.response_matrix(model, z, generator=seeded(0), precision=0.05)
    assert not m.matrix.any() and not m.normalized_stderr.any()
    assert not m.effect.any() and not m.effect_stderr.any() and m.decoded_variance == 0
    causal = la.causal_units(m)
    assert causal.dimension == causal.dimension.high == 0 and causal.active == ()
    graph = la.response_graph(m)
    assert graph.nodes == graph.edges == graph.variables == ()


@pytest.mark.parametrize("options", [{}, {"precision": 0.05, "budget": 10.0}], ids=str)
def test_one_unit_and_constant_units_are_measured_without_a_warning(options):
    one = exact_inverse(1, 3)
    m = la.response_matrix(one, normals(2000, 1), generator=seeded(0), **options)
    assert_close(m.coupling, torch.ones(1, 1).double(), rtol=0.1, atol=0)
    assert float(m.effect[0]) == pytest.approx(1, abs=0.1)
    for constant in (0.0, 1e3):
        m = la.response_matrix(exact_inverse(2, 5), constant + 0 * normals(50, 2), generator=seeded(0), **options)
        assert not m.matrix.any() and not m.effect.any() and m.decoded_variance == 0
        assert all(torch.isfinite(values).all() for values in m[:7])
        assert la.causal_units(m).active == ()
