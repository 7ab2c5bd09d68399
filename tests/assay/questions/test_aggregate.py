"""Do codes follow the prior? Normal codes, and the same shifted, stretched, with heavy or light tails, correlated."""

import pytest
import torch

import latentassay as la
from latentassay.core.levels import GRAVE, grade
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of

STD = 0.05


def coder(latents, prior="normal", shape=None):
    """Hands on what it is given, with a little noise."""

    def encode(x):
        return x, torch.full_like(x, STD)

    return la.from_torch(encode, lambda z: z, latent_shape=shape or (latents,), output="mean_std", prior=prior)


def normal(seed, n=1024, latents=4):
    return torch.randn(n, latents, generator=torch.Generator().manual_seed(seed)).double()


def asked(x, *keys, prior="normal", **options):
    return ask(coder(x.shape[1], prior), x, *(keys or ("aggregate",)), **{"samples": len(x), **options})


def shifted(x, unit):
    x[:, unit] -= 1
    return x


def narrow(x, unit):
    x[:, unit] /= 3
    return x


def heavy(x, unit):
    x[:, unit] = torch.sinh(1.1 * x[:, unit]) / 2.0
    return x


def light(x, unit):
    x[:, unit] = 0.95 * x[:, unit].sign() + 0.3 * x[:, unit - 1].sin()
    return x


def correlated(x, unit):
    other = (unit + 1) % x.shape[1]
    x[:, unit] = -0.8 * x[:, other] + 0.6 * x[:, unit]
    return x


PLANTED = {
    "shift": (shifted, "below"),
    "spread": (narrow, "below"),
    "tails": (heavy, "above"),
    "correlated": (correlated, "below"),
}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", PLANTED)
def test_a_unit_that_departs_is_named_and_no_other(seed, name):
    plant, direction = PLANTED[name]
    unit = seed % 4
    grave = {key: f for key, f in findings_of(asked(plant(normal(seed), unit))).items() if f.level in GRAVE}
    assert list(grave) == [f"aggregate.{name}"]
    finding = grave[f"aggregate.{name}"]
    pair = "+".join(sorted((str(unit), str((unit + 1) % 4))))
    assert finding.subjects == ((pair,) if name == "correlated" else (str(unit),))
    assert finding.direction == direction and finding.level == grade(finding.estimate, finding.bounds)
    assert finding.remedy and finding.brief


@pytest.mark.parametrize("seed", range(12))
def test_normal_codes_are_good(seed):
    (finding,) = findings_of(asked(normal(seed))).values()
    assert (finding.key, finding.level) == ("aggregate", "good") and not finding.remedy


@pytest.mark.parametrize("seed", range(12))
def test_few_rows_accuse_nobody_and_say_what_would_settle_it(seed):
    for finding in findings_of(asked(normal(seed, n=48))).values():
        assert finding.level in ("unsure", "good") and not finding.subjects
        assert (finding.settle is not None) == (finding.level == "unsure")
        assert finding.level == "good" or finding.sentence.startswith("Whether ")


def test_two_heaps_have_light_tails():
    found = findings_of(asked(light(normal(0), 2)))
    assert found["aggregate.tails"].direction == "below" and found["aggregate.tails"].subjects == ("2",)


def test_evenly_spread_codes_are_a_note():
    x = (torch.rand(2000, 2, generator=torch.Generator().manual_seed(0)).double() - 0.5) * 12**0.5
    found = findings_of(asked(x))
    assert found["aggregate.tails"].level == "note" and not found["aggregate.tails"].subjects


def test_without_a_prior_nothing_is_asked():
    assert not asked(normal(0), prior=None)


@pytest.mark.parametrize("times", [0.6, 0.9, 1.0, 1.1, 1.7])
def test_input_checks_of_scale_are_not_contradicted(times):
    found = findings_of(asked(times * normal(1), "aggregate", "input_checks"))
    levels = {found[key].level for key in ("aggregate", "aggregate.spread") if key in found}
    scale = found["input_checks.scale"].level
    assert (scale == "good") == (levels == {"good"})
    assert not (scale in GRAVE and "good" in levels) and not (scale == "good" and levels & set(GRAVE))


def test_units_that_do_not_vary_are_left_out():
    x = normal(3)
    x[:, 1] = 0.1
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(4,), prior="normal")
    (finding,) = findings_of(ask(model, x, "aggregate", samples=1024)).values()
    assert finding.level == "good"


def test_channels_are_asked_by_one_place_a_row():
    x = torch.randn(512, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    x[:, 1] += 2
    sections = ask(coder(3, shape=(3, 4, 4)), x, "aggregate", samples=512)
    assert findings_of(sections)["aggregate.shift"].subjects == ("c1",)
    score = scores_of(sections)["aggregate.shift"]
    assert score.value == pytest.approx(2, abs=0.15) and score.low < 2 < score.high


def test_the_figure_has_the_units_that_depart_most():
    sections = asked(heavy(shifted(normal(5, latents=7), 2), 6))
    drawn = figures(sections.values())
    assert set(drawn) == {"aggregate.quantiles"}
    legend = [text.get_text() for text in drawn["aggregate.quantiles"].axes[0].get_legend().get_texts()]
    assert {"unit 2", "unit 6", "all others", "as the prior"} <= set(legend) and len(legend) == 6


def test_noise_that_fits_its_prior_is_no_merit():
    model = la.from_torch(
        lambda x: (0 * x, torch.ones_like(x)), lambda z: 0 * z, latent_shape=(4,), output="mean_std", prior="normal"
    )
    (found,) = findings_of(ask(model, normal(0, n=4096), "aggregate", samples=4096)).values()
    assert (found.key, found.level) == ("aggregate", "note") and "no unit varies with the data" in found.sentence
