"""Do the axes mean anything? A model that writes down every factor in a unit of its own, and what cannot be learnt."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.assay.questions import factors
from latentassay.core.levels import grade
from latentassay.metrics import METRICS
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import gridded
from tests.oracles.linear import exact_inverse


def asked(model, data, **options):
    return ask(model, data, "factors", **{"budget": 3600.0, **options})


def coded(codes, sizes):
    """A model, and data that it draws from these factors."""
    model = exact_inverse(3, 8, noise=0.02)
    z = torch.from_numpy((codes - codes.mean(0)) / np.maximum(codes.std(0), 1e-9))
    return model, la.data.FactorData(model.decode(z).float().numpy(), codes, ("a", "b", "c"), sizes)


def test_one_factor_leaves_nothing_to_share_out():
    sections = asked(*coded(np.stack([np.arange(240) % 6, np.zeros(240, int), np.zeros(240, int)], 1), (6, 1, 1)))
    names = set(scores_of(sections))
    assert "factors.mig" in names and sections["factors"].evidence.importance is None
    assert not {"factors.dci", "factors.factor_vae", "factors.beta_vae", "factors.cds"} & names
    assert findings_of(sections)["factors"].sentence.startswith("Unit 0 tells most about a: 100 %")


def test_factors_whose_values_are_too_rare_are_named_and_not_predicted():
    sections = asked(*coded(np.stack([np.arange(300) % 5, np.arange(300) // 2, np.arange(300) % 3], 1), (5, 150, 3)))
    assert "factors.mig" in scores_of(sections) and not {"factors.dci", "factors.irs"} & set(scores_of(sections))
    finding = findings_of(sections)["factors.rare"]
    assert "b takes more values than the 300 rows encoded can teach" in finding.sentence and finding.remedy


def test_codes_are_scored_on_more_rows_than_are_intervened_on():
    model = exact_inverse(3, 8, noise=0.02)
    data = gridded(model)
    scores = scores_of(ask(model, data, "units", "factors", samples=40, budget=3600.0))
    assert scores["factors.mig"].n == min(len(data), 400) > scores["units.alive"].n == 40
    mig, irs = scores["factors.mig"], scores["factors.irs"]
    assert mig.low <= mig.value <= mig.high and irs.low is not None


@pytest.mark.usefixtures("few_halves")
@pytest.mark.parametrize("units", [None, [[0], [1], [2]], [[0, 1], [2]]])
def test_units_add_up_what_their_latents_predict(units):
    model = exact_inverse(3, 8, noise=0.02)
    sections = asked(model, gridded(model), units=units)
    evidence = sections["factors"].evidence
    known = np.eye(3) if units is None or len(units) == 3 else np.array([[1, 0], [1, 0], [0, 1]])
    np.testing.assert_allclose(evidence.importance, known, atol=0.02)
    assert evidence.information.shape == evidence.conditioned.shape == known.shape
    assert {f"factors.{name}" for name in ("maps", "scores", "information")} == set(figures(sections.values()))


@pytest.mark.usefixtures("few_halves")
def test_spatial_latents_are_asked_about_factors_by_channel():
    codes = np.indices((5, 4, 6)).reshape(3, -1).T
    x = np.kron((codes / [4, 3, 5])[:, :, None, None], np.ones((4, 4))).astype(np.float32)
    pair = la.from_torch(
        lambda x: x[:, :, ::2, ::2], lambda z: z.repeat_interleave(2, 2).repeat_interleave(2, 3), latent_shape=(3, 2, 2)
    )
    section = asked(pair, la.data.FactorData(x, codes, ("a", "b", "c"), (5, 4, 6)))["factors"]
    np.testing.assert_allclose(section.evidence.importance, np.eye(3), atol=0.02)
    assert section.evidence.information.shape == (3, 3)
    assert "a in unit c0" in section.findings[1].sentence


def test_data_without_factors_are_not_asked():
    assert not asked(exact_inverse(3, 8, noise=0.02), torch.randn(64, 8, generator=torch.Generator().manual_seed(0)))


@pytest.fixture
def only_mig(monkeypatch):
    """Nothing else is scored, and no factor moves a unit, where nothing is said of that."""
    monkeypatch.setattr(factors, "METRICS", {"mig": METRICS["mig"]})
    monkeypatch.setattr(factors, "_measure_conditioned", lambda *given: None)


def mixing(seed, *, mixed):
    """Four factors of three values in four units, or three of them, the first of which writes two factors down."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, (800, 4))
    units = 0.05 * rng.normal(size=(800, 4)) + codes
    if mixed:
        units[:, 0] = 3 * codes[:, 0] + codes[:, 1] + 0.05 * rng.normal(size=800)
        units[:, 1] = rng.normal(size=800)
    units = (units - units.mean(0)) / units.std(0)
    model = exact_inverse(4, 9, seed=seed, noise=0.01)
    x = model.decode(torch.from_numpy(units)).float().numpy()
    return model, la.data.FactorData(x, codes, ("a", "b", "c", "d"), (3, 3, 3, 3))


@pytest.mark.usefixtures("few_halves", "only_mig")
@pytest.mark.parametrize("seed", range(10))
def test_a_unit_that_serves_two_factors_is_named_with_them(seed):
    found = findings_of(asked(*mixing(seed, mixed=True), samples=256))
    shared = found["factors.shared"]
    assert shared.level == "warning" and shared.subjects == ("0",)
    assert "unit 0 of" in shared.sentence and "a" in shared.sentence and "b" in shared.sentence
    assert found["factors"].level != "good" and found["factors"].level == grade(
        found["factors"].estimate, found["factors"].bounds
    )


@pytest.mark.usefixtures("few_halves", "only_mig")
@pytest.mark.parametrize("seed", range(10))
def test_units_with_a_factor_each_are_good(seed):
    found = findings_of(asked(*mixing(seed, mixed=False), samples=256))
    assert "factors.shared" not in found
    assert found["factors"].level == "good" and found["factors"].remedy is None


@pytest.mark.usefixtures("few_halves", "only_mig")
def test_advice_fits_the_model():
    model, data = mixing(0, mixed=True)
    advice = findings_of(asked(model, data, samples=256))["factors"].remedy
    assert advice and "β" not in advice and "seeds" not in advice  # nothing in it can be trained


@pytest.mark.usefixtures("few_halves")
def test_a_fault_of_a_costly_metric_is_not_hidden(monkeypatch):
    broken = replace(METRICS["dci"], function=lambda codes, factors, **rest: "no number")
    monkeypatch.setattr("latentassay.metrics.jobs.code_metrics", lambda: {**METRICS, "dci": broken})
    with pytest.raises(la.InputError, match="must return a number"):
        asked(*mixing(0, mixed=False), samples=256)


def test_of_labels_that_have_nothing_to_do_with_the_data_no_unit_is_praised():
    generator = torch.Generator().manual_seed(0)
    x = torch.cat([torch.randn(400, 1, generator=generator), 1e-4 * torch.randn(400, 1, generator=generator)], 1)
    data = la.data.FactorData(x.numpy(), np.array(["cat", "dog"] * 200), ("animal",))
    model = la.from_torch(lambda x: (x, torch.ones_like(x)), lambda z: z, latent_shape=(2,), output="mean_std")
    result = la.assay(model, data, samples=128, questions=["factors"])
    sentence = result["factors"].findings[0].sentence
    assert sentence.startswith("No unit tells much about animal: the most, unit ")
    assert " % of its entropy; MIG" in sentence
