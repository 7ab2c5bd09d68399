"""Does the model know its training rows by heart? One that does, one that does not, and rows that were trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.assay.questions import generalisation
from latentassay.core.levels import GRAVE, grade
from latentassay.core.observations import as_observations
from latentassay.report import figures
from tests.assay.asking import answers, context_of, findings_of, scores_of

LATENTS, VALUES = 4, 16


def draw(n, seed):
    """Rows near a plane of four dimensions, the same plane for every seed."""
    g = torch.Generator().manual_seed(seed)
    plane = torch.randn(LATENTS, VALUES, generator=torch.Generator().manual_seed(99))
    return torch.randn(n, LATENTS, generator=g) @ plane + torch.randn(n, VALUES, generator=g)


def projector(rows):
    """Keeps the four leading directions of these rows."""
    axes = torch.linalg.svd(rows, full_matrices=False).Vh[:LATENTS]
    return la.from_torch(lambda x: x @ axes.T, lambda z: z @ axes, latent_shape=(LATENTS,))


def memorising(rows):
    """Corrects nine tenths of the error of rows that it knows, which it tells from their code."""
    plain = projector(draw(4000, 7))
    known = plain.encode(rows).mean

    def decode(z):
        distance, nearest = torch.cdist(z, known).min(1)
        weight = 0.7 * torch.exp(-((distance / 1e-3) ** 2))[:, None]
        return (1 - weight) * plain.decode(z) + weight * rows[nearest]

    return la.from_torch(lambda x: plain.encode(x).mean, decode, latent_shape=(LATENTS,))


def asked(model, x, train, *, samples=256):
    context = replace(context_of(model, x, samples=min(samples, len(x))), train=as_observations(train))
    return answers(context, "generalisation")


@pytest.mark.parametrize("seed", range(12))
def test_a_model_that_memorises_is_named(seed):
    train = draw(400, seed)
    (finding,) = findings_of(asked(memorising(train), draw(300, 100 + seed), train)).values()
    assert (finding.key, finding.level) == ("generalisation.gap", "warning")
    assert finding.level == grade(finding.estimate, finding.bounds) and "memorised" in finding.sentence
    # Nothing to train further, so no advice on training.
    assert finding.remedy is None and finding.brief


@pytest.mark.parametrize("seed", range(12))
def test_a_model_of_many_rows_is_not(seed):
    train = draw(2000, seed)
    (finding,) = findings_of(asked(projector(train), draw(300, 100 + seed), train)).values()
    assert (finding.key, finding.level) == ("generalisation.gap", "good")
    assert finding.estimate < 1.25


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_rows_that_were_trained_on_are_named(share):
    train = draw(400, 3)
    data = torch.cat([train[: int(256 * share)], draw(256 - int(256 * share), 50)]).double()
    sections = asked(memorising(train), data.float(), train)
    found, scores = findings_of(sections), scores_of(sections)
    assert found["generalisation.same_rows"].level == "warning" and found["generalisation.same_rows"].remedy
    assert scores["generalisation.same_rows"].value == pytest.approx(share, abs=0.02)
    # What is left over is compared; where nothing is, there is no gap to speak of.
    assert ("generalisation.gap" in found) == (share < 1)
    assert share == 1 or found["generalisation.gap"].level in GRAVE


def test_rows_that_repeat_by_chance_are_no_proof():
    x = torch.randint(2, (300, 4), generator=torch.Generator().manual_seed(0)).float()
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(4,))
    found = findings_of(asked(model, x[:100], x[100:], samples=96))
    assert found["generalisation.same_rows"].level == "note"


def test_where_next_to_nothing_is_lost_the_ratio_is_of_no_interest():
    train = draw(300, 1)

    def decode(z):
        known = (torch.cdist(z, train).min(1).values < 1e-4)[:, None]
        return torch.where(known, z, z + 1e-4)

    model = la.from_torch(lambda x: x, decode, latent_shape=(VALUES,))
    (finding,) = findings_of(asked(model, draw(300, 2), train)).values()
    assert finding.level == "good" and finding.key == "generalisation.gap"


def test_without_training_rows_nothing_is_asked():
    assert not answers(context_of(projector(draw(99, 0)), draw(96, 1)), "generalisation")


def test_the_whole_assay_takes_training_rows_of_the_same_shape():
    train, x = draw(300, 0), draw(96, 1)
    result = la.assay(memorising(train), x, train=train.numpy(), questions=["generalisation"])
    assert [finding.key for finding in result.findings] == ["generalisation.gap"]
    with pytest.raises(la.InputError, match="train must have rows of shape"):
        la.assay(memorising(train), x, train=np.zeros((50, 3), np.float32))


def test_the_figure_leaves_rows_out_that_were_trained_on():
    train = draw(400, 3)
    sections = asked(memorising(train), torch.cat([train[:100], draw(156, 5)]), train)
    assert len(sections["generalisation"].evidence.other_error) == 156
    drawn = figures(sections.values())
    legend = [text.get_text() for text in drawn["generalisation.errors"].axes[0].get_legend().get_texts()]
    assert legend[0].startswith("training rows") and legend[1].startswith("other rows")


def test_a_part_of_many_training_rows_stands_for_all(monkeypatch):
    monkeypatch.setattr(generalisation, "SEARCHED", 1000)
    train = draw(4000, 3)
    data = torch.cat([train[:128], draw(128, 5)])
    score = scores_of(asked(projector(train), data, train))["generalisation.same_rows"]
    assert score.low < 0.5 < score.high and score.value == pytest.approx(0.5, abs=0.2)
