"""How far are responses from the distribution that is sampled? Not at all where the coders invert each other."""

import pytest
import torch

import latentassay as la
from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import leaking, shrinking


def test_responses_that_are_the_samples_cannot_be_told_from_them():
    sections = ask(*responding.clean(), "structure")
    finding = findings_of(sections)["structure"]
    assert finding.level == "good" and finding.sentence.startswith("Responses to prior samples cannot be told")
    scores = scores_of(sections)
    assert set(scores) == {"structure.score", "structure.causal", "structure.effect"}
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores.values())


def test_responses_half_as_far_are_told_from_samples():
    sections = ask(*leaking([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]), "structure", samples=256)
    evidence, finding = sections["structure"].evidence, findings_of(sections)["structure"]
    assert finding.level == "note" and "differ from" in finding.sentence and finding.remedy
    assert evidence.causal > 0 and evidence.p_values[1] < 0.01


@pytest.mark.parametrize("seed", range(10))
def test_significant_is_not_grave(seed):
    """Responses of 0.95 z differ for sure, and hardly; those that stay within ± 0.3 leave most of the prior out."""
    levels = {}
    for name, decode in {"a little": lambda z: 0.95 * z, "clipped": lambda z: z.clamp(-0.3, 0.3)}.items():
        model = la.from_torch(
            lambda x: (x, torch.full_like(x, 1e-3)), decode, latent_shape=(3,), prior="normal", output="mean_std"
        )
        x = 0.3 * torch.rand(600, 3, generator=torch.Generator().manual_seed(seed)).double()
        sections = ask(model, x, "structure", samples=512)
        assert sections["structure"].evidence.p_values[1] == 1 / 1000
        levels[name] = findings_of(sections)["structure"].level
    assert levels == {"a little": "good", "clipped": "warning"}


def test_without_a_prior_hybrids_are_sampled():
    sections = ask(*shrinking(1.0), "structure")
    assert sections["structure"].evidence.origin == "hybrid"
    assert "Responses to hybrid samples" in findings_of(sections)["structure"].sentence


def test_a_collapsed_model_has_no_causal_structure():
    assert not ask(*leaking([[0.0, 0], [0, 0]]), "structure")


def test_of_one_variable_posterior_samples_are_compared_and_called_so():
    sections = ask(*responding.on_a_line(), "structure")
    found = findings_of(sections)["structure"]
    assert sections["structure"].evidence.origin == "posterior" and "posterior samples" in found.sentence
