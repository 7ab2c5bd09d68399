"""Do latents come back as they went? Those understood only as they occur together are told from the others."""

from dataclasses import replace

import pytest
import torch

import latentassay as la
from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of

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
    """Hybrids of a circle lie inside and outside of it, and come back on it: E(|z| − 1)² of a variance of one half."""
    sections = ask(*responding.on_a_circle(), KEY, samples=400)
    found, scores = findings_of(sections), scores_of(sections)
    together = found[f"{KEY}.hybrid"]
    assert found[KEY].level == "good" and together.level != "good" and set(together.subjects) <= {"0", "1"}
    assert scores[f"{KEY}.posterior"].value == pytest.approx(1)
    angles = 6.2832 * torch.rand(100_000, 2, generator=torch.Generator().manual_seed(1))
    mixed = torch.stack([angles[:, 0].cos(), angles[:, 1].sin()], 1)
    known = 1 - float((mixed - mixed / mixed.norm(dim=1, keepdim=True)).square().sum(1).mean())
    assert scores[f"{KEY}.hybrid"].value == pytest.approx(known, abs=0.05)
    assert f"{KEY}.prior" not in scores


def test_what_repeats_each_other_is_no_combination_that_data_lack():
    scores = scores_of(ask(*responding.on_a_line_and_beside(), KEY))
    assert scores[f"{KEY}.hybrid"].value == pytest.approx(1)


def test_of_one_variable_there_are_no_hybrids():
    """They would be posterior samples under another name."""
    for model, x in (responding.on_a_line(), responding.leaking([[1]])):
        sections = ask(model, x, KEY)
        assert {f"{KEY}.posterior", f"{KEY}.uniform"} <= set(scores_of(sections))
        assert f"{KEY}.hybrid" not in scores_of(sections)
        assert set(findings_of(sections)) == {KEY} and "hybrid" not in findings_of(sections)[KEY].sentence


def noisy_optimum(noise, seed, response=1.0, shift=0.0):
    """The exact optimum of data that are latents and noise; the decoder multiplies and shifts what is right."""
    g, a = torch.Generator().manual_seed(seed), 1 / (1 + noise)
    z = torch.randn(400, 4, generator=g)
    x = (z + noise**0.5 * torch.randn(400, 4, generator=g)).double()
    wrong = torch.tensor([response, 1, 1, 1]).double()
    model = la.from_torch(
        lambda x: (a * x, torch.full_like(x, (noise * a) ** 0.5)),
        lambda z: wrong * z + torch.tensor([shift, 0, 0, 0]).double(),
        latent_shape=(4,),
        prior="normal",
        output="mean_std",
    )
    return model, x


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("noise", [0.05, 0.3, 0.6])
def test_what_the_width_of_the_posterior_explains_is_not_held_against_a_model(noise, seed):
    found = findings_of(ask(*noisy_optimum(noise, seed), KEY, samples=256))
    assert found[KEY].level == "good" and found[f"{KEY}.hybrid"].level == "good"
    assert float(found[KEY].estimate) == pytest.approx(0, abs=0.04) and found[KEY].remedy is None


@pytest.mark.parametrize("seed", range(10))
def test_overshoot_and_shifts_are_errors_and_named_with_their_unit(seed):
    doubled = findings_of(ask(*noisy_optimum(0.05, seed, response=2.0), KEY, samples=256))[KEY]
    assert doubled.level == "warning" and doubled.subjects == ("0",) and doubled.direction == "above"
    assert float(doubled.estimate) == pytest.approx((2 / 1.05 - 1) ** 2, abs=0.05)  # of 2 a, and 0.2 % expected
    assert "came back at 1.9" in doubled.sentence and doubled.remedy is None  # nothing can be trained here
    shifted = findings_of(ask(*noisy_optimum(0.05, seed, shift=1.2), KEY, samples=256))[KEY]
    assert shifted.level == "warning" and shifted.subjects == ("0",) and "shift" in shifted.sentence
    assert "mean error of the reconstructions" in shifted.remedy


def test_half_and_one_and_a_half_are_equally_wrong():
    short, far = (findings_of(ask(*responding.leaking([[by, 0], [0, 1]]), KEY))[KEY].estimate for by in (0.5, 1.5))
    assert float(short) == pytest.approx(0.25, abs=0.01) and float(far) == pytest.approx(0.25, abs=0.01)


def test_scatter_is_told_to_those_who_can_train():
    class Scattering(torch.nn.Module):
        latent_shape, prior = (2,), None

        def __init__(self):
            super().__init__()
            self.gain = torch.nn.Parameter(torch.ones(1))

        def encode(self, x):
            return la.Point(self.gain * (x + 1.2 * torch.sin(40 * x)))

        def decode(self, z):
            return z

    x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    found = findings_of(ask(Scattering(), x, KEY, samples=256))[KEY]
    assert found.level == "warning" and "neither a common shift" in found.sentence and "AVAE" in found.remedy


def test_asked_again_it_takes_more_latents():
    model, x = noisy_optimum(0.3, 0)
    context = context_of(model, x, samples=400)
    shallow, deep = (answers(replace(context, effort=4.0**depth), KEY)[KEY].evidence.n for depth in (0, 1))
    assert (shallow, deep) == (256, 400)


def test_points_have_no_width_and_far_off_responses_no_percentage():
    """A jump of the decoder beyond 2, where hardly any data lie, but most of what is spread evenly over their range."""
    model = la.from_torch(lambda x: x, lambda z: z + 99 * (z.abs() > 2), latent_shape=(2,))
    x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0)).clamp(-1.9, 1.9)
    x[:3] = torch.tensor([[8.0, 8.0], [-8.0, 8.0], [8.0, -8.0]])
    sentence = findings_of(ask(model, x, KEY, samples=400))[KEY].sentence
    assert "own width" not in sentence and "below −100 % for uniform ones" in sentence
    assert "own width" in findings_of(ask(*responding.clean(), KEY))[KEY].sentence


def test_where_the_width_of_posteriors_takes_all_no_score_is_read():
    """A code of variance 0.2 with noise of variance 0.8: a fifth of a change comes back, as the optimum has it."""
    a = 0.2
    x = (5**0.5 * torch.randn(400, 2, generator=torch.Generator().manual_seed(0))).double()
    model = la.from_torch(
        lambda x: (a * x, torch.full_like(x, (4 * a) ** 0.5)),
        lambda z: z,
        latent_shape=(2,),
        prior="normal",
        output="mean_std",
    )
    context = context_of(model, x, samples=400)
    # Units that hardly answer are left out of the question; here they are asked about all the same.
    entries = tuple(replace(entry, state="alive") for entry in context.ledger.entries)
    found = findings_of(answers(replace(context, ledger=replace(context.ledger, entries=entries)), KEY))[KEY]
    assert "by their width alone it lies below 0" in found.sentence and "−100" not in found.sentence
    assert found.level in ("good", "unsure")


def test_hybrids_that_come_back_as_well_are_said_to_differ_no_more():
    exact = la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,))
    x = torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
    assert "no more than posterior samples do" in findings_of(ask(exact, x, KEY))[f"{KEY}.hybrid"].sentence
