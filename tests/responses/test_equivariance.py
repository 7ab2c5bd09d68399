"""Equivariance of causes against the equation as a loop, closed forms, and repetition."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.responses.interventions import plan
from tests.oracles import consistency as oracle

SCALES = ["free", "paper"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed=1):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


class Chain(torch.nn.Module):
    """Causes of two values, each of its noise and half of the one before; response A z, the identity at first."""

    prior = None

    def __init__(self, units=3, A=None):
        super().__init__()
        self.latent_shape = (units,)
        self.register_buffer("A", torch.eye(units).double() if A is None else A.double())

    def causes(self, z, given=None):
        causes = []
        for i in range(z.shape[1]):
            parent = causes[-1] if causes else torch.zeros(len(z), 2).to(z)
            causes.append(torch.stack([z[:, i], -z[:, i]], 1) + parent / 2)
        return torch.stack(causes, 1)

    def decode_causes(self, causes):
        first = causes[..., 0]
        return torch.cat([first[:, :1], first[:, 1:] - first[:, :-1] / 2], 1)

    def adjacency(self):
        return torch.diag(torch.ones(self.latent_shape[0] - 1), 1)

    def decode(self, z):
        return self.decode_causes(self.causes(z))

    def encode(self, x):
        return la.Point(x @ self.A.T)

    @property
    def loading(self):
        """Causes of the noises 1, 0, 0 …, of 0, 1, 0 …, …: ``(noises, causes)``, first values."""
        return self.causes(torch.eye(self.latent_shape[0]).double())[..., 0]


def house_model():
    model = la.models.build("xae-mlp", x_shape=(7,), latents=4, hidden=(9,)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=seeded(3), dtype=torch.float64))
    return model.eval()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("model", [house_model(), Chain(4, torch.eye(4) + 0.4 * normals(4, 4))], ids=["mlp", "chain"])
@pytest.mark.parametrize("donors", [None, normals(5, 4, 9) * 2], ids=["own", "given"])
def test_equivariance_is_the_papers_equation_on_the_same_draws(model, scale, donors):
    z = normals(9, 4)
    found = la.equivariance(model, z, generator=seeded(), values=4, scale=scale, donors=donors, batch_size=4)
    drawn = plan(found.units, z, donors, 4, seeded()).donors
    with torch.no_grad():
        expected = oracle.equivariance(
            lambda rows: model.encode(model.decode(rows)).mean,
            model.causes,
            z,
            [drawn[m, :, m] for m in range(4)],
            scale,
        )
    assert_close(found.matrix, torch.from_numpy(expected), rtol=0, atol=1e-9)
    assert_close(float(found.score_all), float(expected.mean()), rtol=0, atol=1e-9)
    live = [m for m in range(4) if not found.mask[m]]
    assert found.score == (pytest.approx(float(expected[live][:, live].mean())) if live else None)
    same = la.invariance(model, z, generator=seeded(), values=4, donors=donors)
    assert found.collapsed == same.collapsed and (found.n, found.values) == (9, 4)


@pytest.mark.parametrize("scale", SCALES)
def test_a_model_that_returns_what_it_was_given_is_equivariant(scale):
    found = la.equivariance(Chain(), normals(20, 3), generator=seeded(), values=3, scale=scale)
    assert_close(found.matrix, torch.ones(3, 3).double())
    assert found.score == pytest.approx(1) and found.collapsed == ()
    assert found.score.low == pytest.approx(1) and found.score.high == pytest.approx(1)


def diagonal(d):
    """R(z) = d z: the error of unit m is (d_m − 1) v in noise m, and flows to its children; U is ‖z_m − v‖²."""
    return Chain(len(d), torch.tensor(d).double().diag())


def test_a_diagonal_response_has_its_closed_form():
    model, z = diagonal([1.0, 0.5, 0.8]), normals(50, 3)
    found, paper = (la.equivariance(model, z, generator=seeded(), values=5, scale=scale) for scale in SCALES)
    drawn = plan(found.units, z, None, 5, seeded()).donors
    values = torch.stack([drawn[m, :, m] for m in range(3)])
    moves = z.T[:, None] - values[..., None]
    sizes, lengths = moves.square().mean(2), moves.abs().mean(2)
    # The second values of the causes are minus the first plus what comes from the parents, hence their own loading.
    loading = model.causes(torch.eye(3).double()).square().sum(2)
    off = (model.A.diagonal() - 1).square()[:, None] * loading
    expected = 1 - off * (values.square() / sizes).mean(1)[:, None]
    # The error is the same vector in every row, so its length is the root of its square.
    assert_close(paper.matrix, 1 - off.sqrt() * (values.abs() / lengths).mean(1)[:, None])
    response = z @ model.A
    spread = model.causes(response).var(0).sum(1)
    assert_close(found.matrix, 1 - (1 - expected) * response.var(0)[:, None] / spread)
    assert_close(found.sigma, spread.sqrt())


def test_intervals_cover_the_truth_of_a_diagonal_response():
    """The expectation over v ~ N(0, 1) of v² / (1 + v²) is 1 − √(π/2) e^½ erfc(1/√2)."""
    model = diagonal([0.5, 0.8])
    half = torch.tensor(0.5).double()
    ratio = 1 - (torch.pi / 2) ** 0.5 * half.exp() * torch.erfc(half.sqrt())
    d = model.A.diagonal()
    each = model.causes(torch.eye(2).double())
    spread = (d[:, None, None] * each).square().sum((0, 2))
    truth = 1 - ratio * (d - 1).square()[:, None] * each.square().sum(2) * d.square()[:, None] / spread
    inside, scores = torch.zeros(2, 2), 0
    for s in range(200):
        found = la.equivariance(model, normals(100, 2, 100 + s), generator=seeded(s), values=8, batch_size=100)
        inside += (found.matrix - truth).abs() <= 1.96 * found.matrix_stderr + 1e-9
        scores += found.score.low <= float(truth.mean()) <= found.score.high
    varied = truth < 1
    assert 0.91 <= inside[varied].mean() / 200 <= 0.985 and inside.min() >= 0.86 * 200
    assert 0.90 <= scores / 200 <= 0.99


def test_only_the_scale_free_score_does_not_change_when_noises_are_rescaled():
    class Rescaled(Chain):
        def causes(self, z, given=None):
            return 5 * super().causes(z / self.scales)

        def decode_causes(self, causes):
            return super().decode_causes(causes / 5)

        def encode(self, x):
            return la.Point(super().encode(x).mean * self.scales)

    A = torch.eye(3) + 0.3 * normals(3, 3)
    model, z = Rescaled(A=A), normals(30, 3)
    model.scales = torch.tensor([1.0, 100.0, 0.01]).double()
    for scale, same in (("free", True), ("paper", False)):
        plain = la.equivariance(Chain(A=A), z, generator=seeded(), scale=scale, values=3)
        again = la.equivariance(model, z * model.scales, generator=seeded(), scale=scale, values=3)
        assert torch.allclose(plain.matrix, again.matrix, atol=1e-9) == same


@pytest.mark.parametrize("scale", SCALES)
def test_collapsed_noises_and_constant_causes_are_no_nan(scale):
    found = la.equivariance(diagonal([0.0, 0.0, 0.0]), normals(20, 3), generator=seeded(), values=3, scale=scale)
    assert (found.collapsed, found.score) == ((0, 1, 2), None)
    assert torch.isfinite(found.matrix).all() and not found.matrix_stderr.isnan().any() and "no score" in found.variant
    one = la.equivariance(diagonal([1.0, 0.0, 0.0]), normals(20, 3), generator=seeded(), values=3, scale=scale)
    assert one.collapsed == (1, 2) and one.score == pytest.approx(1)


def test_seeds_batches_models_of_the_house_and_nothing_is_left_changed():
    model, z = house_model().train(), normals(20, 4)
    before, random_state = z.clone(), torch.get_rng_state()
    one, same, other = (
        la.equivariance(model, z, generator=seeded(s), values=3, batch_size=b) for s, b in ((0, 7), (0, 20), (1, 20))
    )
    assert_close(one[:2], same[:2])
    assert not torch.equal(same.matrix, other.matrix) and torch.equal(z, before) and model.training
    assert torch.equal(torch.get_rng_state(), random_state)
    large = la.models.build("xae-s4", x_shape=(1, 16, 16))
    z = torch.randn(6, *large.latent_shape, generator=seeded())
    found = la.equivariance(large, z, generator=seeded(), values=2)
    assert found.matrix.shape == (6, 6) and torch.isfinite(found.matrix).all()


Z = normals(9, 3)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,))}, "no causes.*XBlock.*xae-s"),
        ({"values": 0}, "values must be at least 1"),
        ({"scale": "big"}, "scale"),
        ({"z": Z[:1]}, "at least 2"),
        ({"z": Z[:, :2]}, "shape"),
        ({"z": Z * torch.nan}, "NaN"),
        ({"donors": Z[:, :2]}, "donors"),
        ({"model": Chain(A=torch.full((3, 3), torch.inf))}, "NaN"),
    ],
)
def test_equivariance_refuses_what_makes_no_sense(options, match):
    options = {"model": Chain(), "z": Z, "values": 2, **options}
    with pytest.raises(la.InputError, match=match):
        la.equivariance(options.pop("model"), options.pop("z"), generator=seeded(), **options)


def test_causes_must_be_one_for_each_noise():
    class Short(Chain):
        def causes(self, z, given=None):
            return super().causes(z)[:, 1:]

        def decode(self, z):
            return z

    with pytest.raises(la.ContractError, match=r"\(9, 3, size\), got \(9, 2, 2\)"):
        la.equivariance(Short(), Z, generator=seeded(), values=2)


def test_an_encoder_may_answer_in_another_precision():
    model, z = Chain(), normals(8, 3)
    expected = la.equivariance(model, z, generator=seeded(), values=3).matrix
    model.encode = lambda x: la.Point((x @ model.A.T).float())
    assert_close(la.equivariance(model, z, generator=seeded(), values=3).matrix, expected, atol=1e-5, rtol=0)
