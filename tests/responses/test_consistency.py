"""Invariance and self-consistency against the paper's loops, closed forms, and repetition."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.core.units import as_units
from latentassay.responses.consistency import score_responses
from latentassay.responses.interventions import plan
from tests.oracles import consistency as oracle
from tests.oracles.linear import exact_inverse, random_linear

PAIRS = [[0, 2], [1, 3]]
SCALES = ["free", "paper"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed=1):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


class Curved(torch.nn.Module):
    """A nonlinear response whose units leak into one another."""

    prior = None

    def __init__(self, latents=4):
        super().__init__()
        self.latent_shape = (latents,)
        self.register_buffer("mix", torch.eye(latents) + 0.3 * normals(latents, latents, 0))

    def decode(self, z):
        return torch.tanh(z @ self.mix)

    def encode(self, x):
        return la.Point(x + 0.3 * x.square().roll(1, 1))

    def response(self, z):
        return self.encode(self.decode(z)).mean


class Staged(Curved):
    """Says by itself what a change can reach, and counts how often it was decoded from the start."""

    whole = 0

    def decode_keeping(self, z):
        self.whole += 1
        return self.decode(z), z

    def decode_again(self, z, kept, changed):
        assert ((z != kept).any(0).nonzero().flatten() == torch.tensor(changed)).all()
        return self.decode(z)


def drawn(z, units, values, seed=0, donors=None):
    """What each unit is set to with this seed."""
    units = as_units(units, z.shape[1:])
    donors = plan(units, z, donors, values, seeded(seed)).donors.flatten(2)
    return [list(donors[m][:, list(group)]) for m, group in enumerate(units.groups)], list(map(list, units.groups))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("units", [None, PAIRS, [[3], [0]]], ids=str)
@pytest.mark.parametrize("donors", [None, normals(7, 4, 9) * 2], ids=["own", "given"])
def test_invariance_is_the_papers_loop_on_the_same_draws(scale, units, donors):
    model, z = Curved(), normals(9, 4)
    found = la.invariance(model, z, generator=seeded(), units=units, values=8, scale=scale, donors=donors, batch_size=4)
    values, groups = drawn(z, units, 8, donors=donors)
    expected = oracle.invariance(model.response, z, groups, values, scale)
    assert_close(found.matrix, torch.from_numpy(expected), rtol=0, atol=1e-9)
    assert (found.n, found.values, len(found.units)) == (9, 8, len(groups))
    assert_close(float(found.score_all), float(expected.mean()), rtol=0, atol=1e-9)
    free = oracle.invariance(model.response, z, groups, values, "free")
    live = [m for m in range(len(groups)) if 1 - free[m, m] >= 1 / 8]
    assert found.mask == tuple(m not in live for m in range(len(groups)))
    pairs = [float(expected[m, i]) for m in live for i in live if m != i]
    assert found.score == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("units", [None, PAIRS], ids=str)
@pytest.mark.parametrize("steps", [1, 3])
def test_self_consistency_is_the_papers_loop(scale, units, steps):
    model, z = Curved(), normals(9, 4)
    found = la.self_consistency(model, z, units=units, steps=steps, scale=scale, batch_size=4)
    expected = oracle.self_consistency(model.response, z, PAIRS if units else [[i] for i in range(4)], scale, steps)
    assert_close(found.scores, torch.from_numpy(expected), rtol=0, atol=1e-9)
    assert_close(float(found.score_all), float(expected.mean()), rtol=0, atol=1e-9)


def linear():
    """R(z) = A z, behind the door like any foreign model."""
    known, halves = random_linear(4, 9, seed=2), (torch.nn.Linear(9, 4, bias=False), torch.nn.Linear(4, 9, bias=False))
    for half, weights in zip(halves, (known.E, known.D), strict=True):
        half.weight = torch.nn.Parameter(weights)
    return la.from_torch(*halves, latent_shape=(4,)), known.A


@pytest.mark.parametrize("n", [40, 20_000])
def test_a_linear_response_has_its_closed_form_whatever_the_values(n):
    """‖A_im (v − z_m)‖ = |A_im| ‖v − z_m‖, so that U cancels; only the spreads are those of a sample.

    A normal error of standard deviation s has the mean distance s √(2/π).
    """
    model, A = linear()
    sigma = torch.tensor([1.0, 0.5, 2.0, 1.0]).double()
    z = normals(n, 4) * sigma
    spread = (z @ A.T).std(0) if n == 40 else (A @ sigma.square().diag() @ A.T).diagonal().sqrt()
    close = {"rtol": 0, "atol": 1e-9 if n == 40 else 0.03}
    free, paper = (
        la.invariance(model, z, generator=seeded(), values=3, scale=scale, batch_size=1000) for scale in SCALES
    )
    assert_close(free.matrix, 1 - A.T.square() * spread[:, None].square() / spread.square(), **close)
    assert_close(paper.matrix, 1 - A.T.abs() / spread, **close)
    assert_close(free.sigma, spread, **close)
    off, error = z @ (A - torch.eye(4)).T, (A - torch.eye(4)).square() @ sigma.square()
    away, distance = (off.square().mean(0), off.abs().mean(0)) if n == 40 else (error, (2 / torch.pi * error).sqrt())
    assert_close(la.self_consistency(model, z).scores, 1 - away / spread.square(), **close)
    assert_close(la.self_consistency(model, z, scale="paper").scores, 1 - distance / spread, **close)


def test_units_of_two_latents_in_expectation():
    """For z ~ N(0, I) the direction of v does not matter: e = ½ ‖A_im‖² s_m / s_i."""
    model, A = linear()
    z = normals(4000, 4)
    found = la.invariance(model, z, generator=seeded(), units=PAIRS, values=60, batch_size=4000)
    assert (
        (found.matrix - _pairs_of(A)).abs() < 4 * found.matrix_stderr + 1e-9
    ).all() and found.matrix_stderr.max() < 0.1


def _pairs_of(A):
    spread = torch.stack([A[pair].square().sum() for pair in PAIRS])
    blocks = torch.stack([torch.stack([A[i][:, m].square().sum() / 2 for i in PAIRS]) for m in PAIRS])
    return 1 - blocks * spread[:, None] / spread


def test_an_exact_inverse_is_perfect():
    z = normals(50, 3)
    found = la.invariance(exact_inverse(3, 7), z, generator=seeded(), values=4)
    assert_close(found.matrix, 1 - torch.eye(3).double())
    assert (found.score, found.collapsed, found.mask) == (pytest.approx(1), (), (False,) * 3)
    own = la.self_consistency(exact_inverse(3, 7), z)
    assert_close(own.scores, torch.ones(3).double())
    assert own.score == pytest.approx(1) and own.collapsed == ()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("offset", [0.0, 0.1, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_constant_encoder_is_invariant_and_that_is_no_merit(scale, offset, dtype):
    """Also where constants come with rounding that differs from batch to batch."""

    def encode(x):
        return 0 * x + offset * (1 + torch.finfo(x.dtype).eps * (torch.arange(len(x)) % 2)[:, None].to(x))

    model, z = la.from_torch(encode, lambda z: z, latent_shape=(3,)), normals(20, 3).to(dtype)
    found = la.invariance(model, z, generator=seeded(), scale=scale, values=5, batch_size=7)
    assert_close(found.matrix, torch.ones(3, 3).double(), rtol=0, atol=1e-5)
    assert (found.collapsed, found.score) == ((0, 1, 2), None)
    assert found.score_all == pytest.approx(1) and "no score" in found.variant and not found.sigma.any()
    own = la.self_consistency(model, z, scale=scale)
    assert (own.collapsed, own.score) == ((0, 1, 2), None) and "no score" in own.variant
    assert torch.isfinite(own.scores).all() and torch.isfinite(own.scores_stderr).all()


def test_collapsed_units_are_named_and_left_out_of_the_score():
    def encode(x):
        return x * torch.tensor([1.0, 0.0, 0.3, 0.4]).to(x) + 0.1 * x.roll(1, 1)

    model, z = la.from_torch(encode, lambda z: z, latent_shape=(4,)), normals(60, 4)
    found = la.invariance(model, z, generator=seeded(), values=4)
    assert found.collapsed == (1, 2) and found.mask == (False, True, True, False)  # 0.3² < 1/8 < 0.4²
    assert found.score == pytest.approx(float(found.matrix[0, 3] + found.matrix[3, 0]) / 2)
    assert la.invariance(model, z, generator=seeded(), values=4, scale="paper").collapsed == (1, 2)
    alone = la.invariance(model, z, generator=seeded(), values=4, units=[[0], [1], [2]])
    assert alone.score is None and alone.collapsed == (1, 2)
    own = la.self_consistency(model, z)
    assert own.collapsed == (1, 2) and own.score == pytest.approx(float(own.scores[[0, 3]].mean()))


class Rescaled(Curved):
    """The same model with its latents in other units of measurement."""

    def __init__(self, scales):
        super().__init__(len(scales))
        self.scales = scales

    def decode(self, z):
        return super().decode(z / self.scales)

    def encode(self, x):
        return la.Point(super().encode(x).mean * self.scales)


def test_only_invariance_as_printed_changes_when_latents_are_rescaled():
    """It divides by the size of the intervention and by σ of the unit watched; all others have no unit."""
    z, scales = normals(30, 4), torch.tensor([1.0, 100.0, 0.01, 3.0]).double()
    for ask in (lambda *a, **k: la.invariance(*a, generator=seeded(), values=4, **k), la.self_consistency):
        free, again = ask(Curved(), z), ask(Rescaled(scales), z * scales)
        assert_close(free[0], again[0])
        assert_close(free[1], again[1])
        assert free.score == pytest.approx(again.score) and free.score.stderr == pytest.approx(again.score.stderr)
        paper, changed = (ask(m, x, scale="paper") for m, x in ((Curved(), z), (Rescaled(scales), z * scales)))
        if ask is la.self_consistency:
            assert_close(paper[:2], changed[:2])
        else:
            assert_close(paper.matrix, 1 - (1 - changed.matrix) * scales[:, None])
        assert paper.collapsed == changed.collapsed == free.collapsed


@pytest.mark.parametrize("units", [None, PAIRS], ids=str)
def test_the_authors_average_off_the_diagonal(units):
    model, z = Curved(), normals(9, 4)
    found = la.invariance(model, z, generator=seeded(), units=units, values=3, scale="paper", entries="off-diagonal")
    values, groups = drawn(z, units, 3)
    assert found.score_all == pytest.approx(oracle.authors_invariance(model.response, z, groups, values))
    assert "all pairs off the diagonal" in found.variant
    every = la.invariance(model, z, generator=seeded(), units=units, values=3, scale="paper")
    assert_close(every.matrix, found.matrix)
    assert every.score_all == pytest.approx(float(every.matrix.mean())) and "off the diagonal" not in every.variant
    one = la.invariance(model, z, generator=seeded(), units=[[0]], values=3, entries="off-diagonal")
    assert one.score_all == pytest.approx(float(one.matrix[0, 0]))


def one_dead_unit():
    """Latents that come back truly, but for one that hardly varies in the response and is far off."""
    model = la.from_torch(lambda x: x * torch.tensor([1.0, 1.0, 0.05]).to(x), lambda z: z, latent_shape=(3,))
    return model, normals(50, 3)


def test_the_authors_clamp_before_they_average():
    """Unclamped, one collapsed unit is all there is to see: E|z − z/20| over σ/20 is 19 · √(2/π)."""
    model, z = one_dead_unit()
    plain, cut = (la.self_consistency(model, z, scale="paper", clamp=clamp) for clamp in (None, (0, 1)))
    assert plain.scores[2] < -13 and plain.score_all < -4
    assert_close(plain.scores, cut.scores)
    assert cut.score_all == pytest.approx(oracle.authors_self_consistency(lambda rows: model.encode(rows).mean, z))
    assert cut.score_all == pytest.approx(2 / 3) and cut.score_all.low >= 0
    assert "each unit cut at 0 and 1" in cut.variant and "cut at" not in plain.variant
    curved = la.self_consistency(Curved(), z=normals(9, 4), scale="paper", clamp=(0.2, 0.6))
    assert curved.score_all == pytest.approx(float(curved.scores.clamp(0.2, 0.6).mean()))


@pytest.mark.parametrize("clamp", [(-0.1, 1), (0, 1.5), (1, 0), (0.5, 0.5), (0,), 0.5, "01", (0, float("nan"))])
def test_clamps_outside_of_the_unit_interval_are_refused(clamp):
    with pytest.raises(la.InputError, match=r"clamp must be two ends within \[0, 1\]"):
        la.self_consistency(Curved(), normals(9, 4), clamp=clamp)


def test_a_unit_that_never_changes_is_no_nan():
    z = normals(30, 4)
    z[:, 1] = 0.7
    for scale in SCALES:
        found = la.invariance(Curved(), z, generator=seeded(), values=4, scale=scale)
        assert found.matrix[1].eq(1).all() and 1 in found.collapsed
        own = la.self_consistency(Curved(), z, scale=scale)
        assert all(
            torch.isfinite(part).all() for part in (found.matrix, found.matrix_stderr, own.scores, own.scores_stderr)
        )
    same = la.invariance(Curved(), z[:1].repeat(5, 1), generator=seeded())
    assert same.matrix.eq(1).all() and same.score is None
    assert la.self_consistency(la.from_torch(lambda x: x, lambda z: z, latent_shape=(4,)), z).collapsed == (1,)


def hits(found, truth, score):
    inside = (found.matrix - truth).abs() <= 1.96 * found.matrix_stderr + 1e-9
    return inside.double(), found.score.low - 1e-9 <= score <= found.score.high + 1e-9


@pytest.mark.parametrize(("units", "values"), [(None, 2), (PAIRS, 6)], ids=str)
def test_intervals_of_invariance_cover_the_truth_of_a_linear_model(units, values):
    """With single latents the rows are all that varies, with pairs the values, too. Truth is that of N(0, I)."""
    model, A = linear()
    spread = A.square().sum(1)
    truth = _pairs_of(A) if units else 1 - A.T.square() * spread[:, None] / spread
    score = float(truth[~torch.eye(len(truth), dtype=torch.bool)].mean())
    found = [
        hits(
            la.invariance(
                model, normals(200, 4, 100 + s), generator=seeded(s), units=units, values=values, batch_size=200
            ),
            truth,
            score,
        )
        for s in range(200)
    ]
    entries, scores = torch.stack([entry for entry, _ in found]).mean(0), sum(one for _, one in found) / 200
    varied = ~torch.eye(len(truth), dtype=torch.bool) if units is None else torch.ones_like(entries, dtype=torch.bool)
    assert 0.92 <= entries[varied].mean() <= 0.98 and entries.min() >= 0.88
    assert 0.91 <= scores <= 0.985


@pytest.mark.parametrize("scale", SCALES)
def test_intervals_of_self_consistency_cover_the_truth_of_a_linear_model(scale):
    model, A = linear()
    spread = A.square().sum(1)
    truth = 1 - (A - torch.eye(4)).square().sum(1) / spread
    if scale == "paper":
        truth = 1 - (2 / torch.pi * (1 - truth)).sqrt()
    inside, scores = torch.zeros(4), 0
    for s in range(200):
        found = la.self_consistency(model, normals(200, 4, 100 + s), scale=scale, batch_size=200)
        inside += (found.scores - truth).abs() <= 1.96 * found.scores_stderr
        scores += found.score.low <= float(truth.mean()) <= found.score.high
    assert 0.92 <= inside.mean() / 200 <= 0.98 and inside.min() >= 0.88 * 200
    assert 0.91 <= scores / 200 <= 0.985


class Forgetful(Curved):
    """Returns one latent in so many as an unrelated one, from noise of its own."""

    def __init__(self, share, size, seed):
        super().__init__(3)
        self.share, self.size, self.noise = share, size, seeded(seed)

    def decode(self, z):
        return z

    def encode(self, x):
        lost = torch.rand(len(x), 1, generator=self.noise) < self.share
        wrong = self.size * torch.randn(x.shape, generator=self.noise, dtype=x.dtype)
        return la.Point(torch.where(lost, wrong, x))


def forgetful_coverage(n, share, size, repetitions):
    """The truth: E(R − z)² = p (1 + s²), Var R = 1 − p + p s²."""
    truth = 1 - share * (1 + size**2) / (1 - share + share * size**2)
    found = [
        la.self_consistency(Forgetful(share, size, s), normals(n, 3, 100 + s), batch_size=n) for s in range(repetitions)
    ]
    return sum(one.score.low <= truth <= one.score.high for one in found) / repetitions, found


@pytest.mark.parametrize("share", [0.001, 0.01])
def test_intervals_hold_rare_latents_that_come_back_as_unrelated_ones(share):
    """At 1 % of 128 latents none is seen in 28 of 100 cases."""
    coverage, found = forgetful_coverage(128, share, 1.0, 100)
    assert coverage >= 0.93
    assert all("3 in 128 latents may come back as unrelated ones unseen" in one.variant for one in found)


@pytest.mark.long
@pytest.mark.parametrize(("n", "share"), [(128, 0.01), (1024, 0.001), (1024, 0.01), (128, 0.05)])
def test_intervals_cover_rare_events_of_either_size(n, share):
    assert forgetful_coverage(n, share, 1.0, 500)[0] >= 0.93
    coverage, found = forgetful_coverage(n, share, 10.0, 500)
    seen = 1 - (1 - share) ** n
    # What was not seen at all, and is worse than an unrelated latent, no interval can hold.
    assert coverage >= 0.9 * seen and any("rare events" in one.variant for one in found)


@pytest.mark.long
@pytest.mark.parametrize("scale", SCALES)
def test_intervals_cover_the_truth_of_a_curved_response(scale):
    big = la.invariance(
        Curved(3), normals(20_000, 3, 9), generator=seeded(), scale=scale, values=400, batch_size=20_000
    )
    found = [
        hits(
            la.invariance(
                Curved(3), normals(300, 3, 100 + s), generator=seeded(s), scale=scale, values=10, batch_size=300
            ),
            big.matrix,
            big.score,
        )
        for s in range(200)
    ]
    assert 0.92 <= torch.stack([entries for entries, _ in found]).mean() <= 0.98
    assert 0.91 <= sum(score for _, score in found) / 200 <= 0.99


def test_one_value_leaves_the_rows_as_replicates():
    found = la.invariance(Curved(), normals(40, 4), generator=seeded(), values=1)
    assert torch.isfinite(found.matrix_stderr).all() and (found.matrix_stderr > 0).all()
    assert found.score.low < found.score < found.score.high and found.score.n == found.score_all.n == found.n


def test_seed_and_batches():
    model, z = Curved(), normals(23, 4)
    before = z.clone()
    one, same, other = (
        la.invariance(model, z, generator=seeded(s), values=3, batch_size=b) for s, b in ((0, 5), (0, 23), (1, 23))
    )
    assert_close(one[:2], same[:2])
    assert one.variant == same.variant and not torch.equal(one.matrix, other.matrix)
    assert torch.equal(z, before)
    random_state = torch.get_rng_state()
    again = la.invariance(model, z, generator=seeded(), values=3, batch_size=5)
    assert torch.equal(one.matrix, again.matrix) and one.score == again.score
    assert torch.equal(torch.get_rng_state(), random_state)


def test_values_come_from_each_row_at_most_once_while_rows_last():
    z, units = normals(6, 2), la.Units.default((2,))
    few, many = (plan(units, z, None, v, seeded()).donors for v in (6, 8))
    for m in range(2):
        assert sorted(few[m, :, m].tolist()) == sorted(z[:, m].tolist())
        assert many.shape == (2, 8, 2) and set(many[m, :, m].tolist()) == set(z[:, m].tolist())


def test_it_costs_one_pass_and_one_for_each_intervention():
    asked = []

    def decode(z):
        asked.append(len(z))
        return z

    la.invariance(la.from_torch(lambda x: x, decode, latent_shape=(3,)), normals(50, 3), generator=seeded(), values=4)
    assert sum(asked) == (1 + 3 * 4) * 50
    staged = Staged()
    kept = la.invariance(staged, normals(9, 4), generator=seeded(), values=2)
    assert staged.whole == 1
    assert_close(kept.matrix, la.invariance(Curved(), normals(9, 4), generator=seeded(), values=2).matrix)


def test_models_of_the_house_and_channels():
    vae = la.models.build("vae-mlp", x_shape=(7,), latents=3)
    z = la.sampling.draw(vae, torch.rand(40, 7, generator=seeded()), 30, generator=seeded())
    vae.train()
    for found in (la.invariance(vae, z, generator=seeded(), values=3), la.self_consistency(vae, z)):
        assert torch.isfinite(found[0]).all() and torch.isfinite(found[1]).all() and found.n == 30
    assert vae.training
    spatial = la.from_torch(lambda x: x.clone(), lambda z: z + 0.5 * z.roll(1, 1), latent_shape=(2, 4, 4))
    z = torch.randn(400, 2, 4, 4, generator=seeded())
    found = la.invariance(spatial, z, generator=seeded(), values=3)
    assert found.units.label(1) == "c1"
    assert_close(found.matrix, torch.tensor([[0.0, 0.75], [0.75, 0.0]]).double(), rtol=0, atol=0.02)
    expected = torch.full((2,), 1 - 0.25 / 1.25).double()
    assert_close(la.self_consistency(spatial, z).scores, expected, rtol=0, atol=0.02)


Z = normals(9, 4)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"values": 0}, "values must be at least 1"),
        ({"scale": "Paper"}, "scale must be 'free'.*got 'Paper'"),
        ({"entries": "diagonal"}, "entries must be 'all' or 'off-diagonal'.*got 'diagonal'"),
        ({"z": Z[:, :3]}, r"z must have shape \(n, 4\).*got \(9, 3\)"),
        ({"z": Z[:1]}, "at least 2"),
        ({"z": Z.long()}, "floating"),
        ({"z": torch.full((9, 4), torch.nan)}, "z holds NaN"),
        ({"donors": Z[:, :3]}, r"donors must be.*\(n, 4\).*\(9, 3\)"),
        ({"donors": Z[:0]}, "donors must be"),
        ({"donors": Z.long()}, "donors must be floating"),
        ({"donors": Z * torch.inf}, "donors holds NaN"),
        ({"units": [[0, 1], [1]]}, "share"),
        ({"units": [[4]]}, "0..3"),
        ({"units": la.Units.default((5,))}, "units were made for"),
        ({"model": la.from_torch(lambda x: x / 0, lambda z: z, latent_shape=(4,))}, "responses hold NaN"),
    ],
)
def test_invariance_refuses_what_makes_no_sense(options, match):
    options = {"model": Curved(), "z": Z, "values": 2, **options}
    with pytest.raises(la.InputError, match=match):
        la.invariance(options.pop("model"), options.pop("z"), generator=seeded(), **options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"scale": ""}, "scale"),
        ({"z": Z[:1]}, "at least 2"),
        ({"z": Z[:, :3]}, "shape"),
        ({"units": [[4]]}, "0..3"),
        ({"model": la.from_torch(lambda x: x / 0, lambda z: z, latent_shape=(4,))}, "NaN"),
    ],
)
def test_self_consistency_refuses_what_makes_no_sense(options, match):
    options = {"model": Curved(), "z": Z, **options}
    with pytest.raises(la.InputError, match=match):
        la.self_consistency(options.pop("model"), options.pop("z"), **options)


@pytest.mark.parametrize("far", [1e2, 1e6])
def test_values_out_of_support_come_back_as_collapsed_units(far):
    """A saturating decoder: what no latent ever was cannot be told from what is a little less far."""
    model = la.from_torch(lambda x: torch.atanh(0.999 * x), torch.tanh, latent_shape=(3,))
    z = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    found = la.invariance(model, z, donors=far * torch.ones(4, 3), values=4, generator=torch.Generator().manual_seed(1))
    assert found.collapsed == (0, 1, 2) and found.score is None and torch.isfinite(found.matrix).all()


def test_latents_that_depend_on_each_other_have_larger_errors():
    """Each latent five times is worth a fifth of the latents."""
    z, block = normals(200, 4).repeat(5, 1), torch.arange(200).repeat(5)
    plain, blocked = (score_responses(as_units(None, (4,)), z, Curved().response(z), block=of) for of in (None, block))
    ratio = blocked.scores_stderr / plain.scores_stderr
    assert_close(ratio, torch.full((4,), 5**0.5).double(), rtol=0.1, atol=0)
