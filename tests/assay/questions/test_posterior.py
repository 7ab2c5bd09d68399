"""Does the noise fit? The optimal linear VAE, the same with its std × 3 and ÷ 3, coders without noise, perfect ones."""

import pytest
import torch

import latentassay as la
from latentassay.core.levels import GRAVE, grade
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.oracles.calibrated import OptimalVAE


def asked(model, x, **options):
    return ask(model, x, "posterior", samples=256, **options)


def planted(seed, times):
    """Sizes, variance and slant by seed; as many values as latents for every other seed."""
    latents = 3 + seed % 3
    variance = 0.1 + 0.5 * (seed % 6) / 5
    model = OptimalVAE(latents, latents * (1 + seed % 2), variance, times=times, straight=seed % 4 < 2, seed=seed)
    return model, model.sample(512, seed=100 + seed)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("times", "key"), [(3.0, "posterior.underconfident"), (1 / 3, "posterior.overconfident")])
def test_noise_that_is_too_wide_or_too_narrow_is_named(seed, times, key):
    model, x = planted(seed, times)
    (finding,) = findings_of(asked(model, x)).values()
    assert (finding.key, finding.level) == (key, "warning")
    assert finding.direction == ("above" if times > 1 else "below")
    assert set(finding.subjects) == {str(unit) for unit in range(len(model.W.T))}
    assert finding.level == grade(finding.estimate, finding.bounds) and finding.brief


@pytest.mark.parametrize("seed", range(12))
def test_the_exact_optimum_is_not_blamed(seed):
    (finding,) = findings_of(asked(*planted(seed, 1.0))).values()
    assert finding.key == "posterior" and finding.level == "good" and not finding.remedy


def test_one_unit_alone_is_named():
    model, x = planted(4, 1.0)
    encode = model.encode

    def wider(x):
        q = encode(x)
        return la.DiagonalGaussian(q.mean, q.scale * torch.tensor([1.0, 4.0, *[1.0] * (len(model.W.T) - 2)]).double())

    model.encode = wider
    assert findings_of(asked(model, x))["posterior.underconfident"].subjects == ("1",)


def test_points_are_not_asked():
    model = la.from_torch(lambda x: x[:, :2], lambda z: z.repeat(1, 2), latent_shape=(2,))
    assert not asked(model, torch.randn(300, 4, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("prior", [None, "normal"])
def test_noise_that_makes_no_difference_is_not_blamed(prior):
    def encode(x):
        return x, torch.full_like(x, 0.05)

    model = la.from_torch(encode, lambda z: z, latent_shape=(4,), output="mean_std", prior=prior)
    sections = asked(model, torch.randn(300, 4, generator=torch.Generator().manual_seed(0)))
    (finding,) = findings_of(sections).values()
    assert finding.level == "good" and "little difference" in finding.sentence
    assert scores_of(sections)["posterior.cost"].value == pytest.approx(0.0025, rel=0.5)


def test_without_a_prior_narrow_noise_is_a_note():
    model, x = planted(5, 1 / 3)
    model.prior = None
    assert findings_of(asked(model, x))["posterior.overconfident"].level == "note"


def test_a_decoder_of_nonsense_is_not_judged_by_its_error():
    model, x = planted(0, 1.0)
    model.decode = lambda z: 9 - 5 * z.double() @ model.W.T
    (finding,) = findings_of(asked(model, x)).values()
    assert finding.level == "note" and "not judged" in finding.sentence


def test_beta_is_spoken_of_only_where_it_can_be_changed(trained, digits):
    found = findings_of(asked(trained, digits.test))
    model, x = planted(1, 3.0)
    assert findings_of(asked(model, x))["posterior.underconfident"].remedy is None  # no parameters to train
    assert all(one.remedy is None or "β" in one.remedy for one in found.values() if one.level in GRAVE)


def test_channels_stand_for_their_places():
    def encode(x):
        return x[:, :, ::2, ::2] / 1.01, torch.full_like(x[:, :, ::2, ::2], 0.9)

    def decode(z):
        return z.repeat_interleave(2, 2).repeat_interleave(2, 3)

    g = torch.Generator().manual_seed(0)
    x = decode(torch.randn(96, 3, 4, 4, generator=g)) + 0.2 * torch.randn(96, 3, 8, 8, generator=g)
    model = la.from_torch(encode, decode, latent_shape=(3, 4, 4), output="mean_std", prior="normal")
    finding = findings_of(ask(model, x, "posterior", samples=96))["posterior.underconfident"]
    assert finding.level == "warning" and set(finding.subjects) == {"c0", "c1", "c2"}


def test_the_figure_shows_every_unit():
    sections = asked(*planted(4, 3.0))
    drawn = figures(sections.values())
    assert set(drawn) == {"posterior.costs"}
    assert len(drawn["posterior.costs"].axes[0].patches) == len(sections["posterior"].evidence.labels)
