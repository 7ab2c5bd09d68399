"""Do latents come back as they went? Those understood only as they occur together are told from the others."""

import pytest

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of

KEY = "consistency.self"


@pytest.fixture(scope="module")
def clean():
    return ask(*responding.clean(), KEY)


def test_a_clean_model_is_praised(clean):
    assert findings_of(clean)[KEY].level == "good"
    scores = scores_of(clean)
    for kind in ("posterior", "hybrid", "uniform", "prior"):
        assert scores[f"{KEY}.{kind}"].value == pytest.approx(1)
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores.values())
    assert set(figures(clean.values())) == {f"{KEY}.bars"}


def test_units_that_interventions_showed_to_be_collapsed_are_left_out():
    sections = ask(*responding.collapsed(), "consistency.invariance", KEY)
    evidence = sections[KEY].evidence
    assert evidence.labels == ("0", "2") and evidence.scores.shape == (4, 2)


def test_a_response_that_shrinks_agrees_as_far_as_it_shrinks():
    """R(z) = 0.8 z errs by 0.2 of every code, and varies by 0.8 of it: 1 − (0.2 / 0.8)², whatever the latents are."""
    evidence = ask(*responding.leaking([[0.8, 0], [0, 0.8]]), KEY)[KEY].evidence
    kinds = dict(zip(evidence.kinds, evidence.scores, strict=True))
    for kind in ("posterior", "hybrid"):
        assert kinds[kind] == pytest.approx(1 - 0.25**2, abs=0.01), kind


def test_latents_that_are_understood_together_only_are_told():
    sections = ask(*responding.on_a_line(), KEY)
    together, scores = findings_of(sections)[KEY], scores_of(sections)
    assert together.level == "warning" and "as they occur together" in together.remedy
    assert scores[f"{KEY}.posterior"].value == pytest.approx(1)
    assert scores[f"{KEY}.hybrid"].value == pytest.approx(0, abs=0.3)  # 1 − ½ / ½
    assert f"{KEY}.prior" not in scores
