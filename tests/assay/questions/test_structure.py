"""How far are responses from the distribution that is sampled? Not at all where the coders invert each other."""

from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import leaking, shrinking


def test_responses_that_are_the_samples_cannot_be_told_from_them():
    sections = ask(*responding.clean(), "structure")
    finding = findings_of(sections)["structure"]
    assert finding.level == "good" and finding.sentence.startswith("Responses to prior samples cannot be told")
    scores = scores_of(sections)
    assert set(scores) == {"structure.score", "structure.causal"}
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores.values())


def test_responses_half_as_far_are_told_from_samples():
    sections = ask(*leaking([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]), "structure", samples=256)
    evidence, finding = sections["structure"].evidence, findings_of(sections)["structure"]
    assert finding.level == "note" and "differ from" in finding.sentence and finding.remedy
    assert evidence.causal > 0 and evidence.p_values[1] < 0.01


def test_without_a_prior_hybrids_are_sampled():
    sections = ask(*shrinking(1.0), "structure")
    assert sections["structure"].evidence.origin == "hybrid"
    assert "Responses to hybrid samples" in findings_of(sections)["structure"].sentence


def test_a_collapsed_model_has_no_causal_structure():
    assert not ask(*leaking([[0.0, 0], [0, 0]]), "structure")
