"""The structure score: zero for perfect models, rising with what responses change, and equal to the loop."""

import pytest
import torch

import latentassay as la
from latentassay.responses import structure
from latentassay.stats.mmd import paired_mmd
from tests.oracles import slow
from tests.oracles.discrepancy import diagonal_mmd
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
    """The authors' single kernel is C = d; it is the scale ½ for a prior of unit variance."""
    model, n = exact_inverse(3, 8), 24
    model.E = 0.7 * model.E
    for kernel, widths in (("single", [3.0]), ("scales", None)):
        found = la.structure_score(model, generator=seeded(), n=n, sample=False, kernel=kernel)
        z = model.prior.sample(n, seeded()).float()
        widths = widths or [6.0 * s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
        assert found.score == pytest.approx(slow.mmd(z.double(), la.respond(model, z).double(), widths), abs=1e-6)
    half = la.structure_score(model, generator=seeded(), n=n, sample=False, scales=(0.5,))
    assert half.score == la.structure_score(model, generator=seeded(), n=n, sample=False, kernel="single").score
    assert half.variant.endswith("of one scale")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": (0.0,)}, "scales must be positive"),
        ({"kernel": "double"}, "kernel must be one of scales, single, got 'double'"),
        ({"kernel": "single", "scales": (1.0,)}, "takes no others"),
    ],
)
def test_kernels_that_contradict_or_do_not_exist_are_refused(options, message):
    with pytest.raises(la.InputError, match=message):
        la.structure_score(exact_inverse(3, 8), n=10, **options)


class Active:
    """The first k of d units respond with a given variance; the other units with the prior's, or as means with 0."""

    def __init__(self, d, k, variance, noise=0.01):
        self.latent_shape, self.prior = (d,), la.StandardNormal((d,))
        alive = torch.arange(d) < k
        self._factor = torch.where(alive, (variance - noise**2) ** 0.5, 0.0)
        self._std = torch.where(alive, noise, 1.0)

    def encode(self, x):
        return la.DiagonalGaussian(x * self._factor, self._std.expand_as(x))

    def decode(self, z):
        return z


def score_active(k, variance, *, sample, d=12, n=2500):
    found = la.structure_score(Active(d, k, variance), generator=seeded(k), n=n, kernel="single", sample=sample)
    dead = 1.0 if sample else 0.0
    truth = diagonal_mmd(d, [1.0] * d, [variance] * k + [dead] * (d - k))
    assert found.score.low <= truth <= found.score.high
    assert found.score == pytest.approx(truth, abs=4 * found.score.stderr)
    return truth


def test_36_thousandths_are_all_twelve_units_alive_with_half_the_priors_variance():
    """LR's table 2 prints 36 ± 2, 33 ± 3 and 32 ± 1 (× 1000) for 3D Shapes: sampled responses, C = d = 12."""
    found = [1000 * score_active(k, 0.5, sample=True) for k in (12, 10, 5)]
    assert found == pytest.approx([30.98, 20.43, 4.93], abs=0.01)


def test_table_3_has_means_of_responses():
    """LR's table 3 prints 23.63 and 17.66 (× 100) for MPI3D: one and two units alive, all others respond with 0."""
    found = [100 * score_active(k, 1.0, sample=False) for k in (1, 2)]
    assert found == pytest.approx([23.64, 17.47], abs=0.01)
    by_sigma = [100 * diagonal_mmd(12, [1] * 12, [0.5] * k + [0] * (12 - k)) for k in (1, 2)]
    assert by_sigma == pytest.approx([26.88, 22.69], abs=0.01)  # a variance of ½ does not fit there


def test_the_single_kernel_takes_ten_thousand_samples_as_the_authors(monkeypatch):
    taken = []

    def compare(a, b, **options):
        taken.append(len(a))
        return paired_mmd(a[:50], b[:50], **options)

    monkeypatch.setattr(structure, "paired_mmd", compare)
    for kernel in ("single", "scales"):
        la.structure_score(Active(4, 2, 0.5), kernel=kernel)
    assert taken == [10_000, 1024]


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
