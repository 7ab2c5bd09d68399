"""Which units are alive? Gaussian codes whose divergence from the prior is known, and units that are dead or faint."""

import numpy as np
import pytest

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import leaking, shrinking


def test_a_model_that_inverts_itself_has_every_unit_alive_at_full_strength():
    sections = ask(*responding.clean(), "units")
    scores = scores_of(sections)
    assert scores["units.alive"].value == scores["units.varying"].value == 3
    assert scores["units.strength"].value == pytest.approx(1, abs=0.05)
    assert findings_of(sections)["units.alive"].sentence.startswith("3 of 3 units are alive")
    assert set(figures(sections.values())) == {"units.bars"}


def test_the_divergence_is_that_of_a_gaussian_from_the_prior():
    model, data = responding.clean()
    evidence = ask(model, data, "units", samples=400)["units"].evidence
    mean = model.encode(data).mean
    known = (mean.square().mean(0) + model.noise**2 - 1) / 2 - np.log(model.noise)
    np.testing.assert_allclose(evidence.kl, known, rtol=1e-5)
    np.testing.assert_allclose(evidence.mean_std, mean.std(0), rtol=1e-5)
    np.testing.assert_allclose(evidence.posterior_std, model.noise, rtol=1e-5)


def test_dead_units_and_faint_ones_are_told_apart():
    sections = ask(*leaking([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0.2]]), "units")
    evidence, finding = sections["units"].evidence, findings_of(sections)["units.alive"]
    assert evidence.alive.tolist() == [True, False, True, False] and evidence.responding.tolist()[3]
    assert "Dead: 1." in finding.remedy and "Faint: 3." in finding.remedy


def test_none_alive_is_a_problem_and_has_no_strength():
    sections = ask(*leaking([[0.0, 0], [0, 0]]), "units")
    finding = findings_of(sections)["units.alive"]
    assert finding.level == "problem" and "posterior collapse" in finding.sentence
    assert "units.strength" not in scores_of(sections)


def test_without_a_prior_there_is_no_divergence():
    assert ask(*shrinking(1.0), "units")["units"].evidence.kl is None
