"""Do codes hold finer detail than pictures of their size? Means of patches do not; noise does."""

from dataclasses import replace

import pytest
import torch

from latentassay.assay.questions.spectrum import QUESTION
from latentassay.core.estimate import Estimate
from latentassay.core.levels import grade
from latentassay.report import figures
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of
from tests.assay.planted import Twin, data, identity
from tests.oracles.convolutional import Patches, clouds

KEY = "spatial.spectrum"


@pytest.fixture(scope="module")
def asked():
    context = context_of(Twin(), data())
    return context, answers(context, KEY)[KEY].evidence


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_it_is_asked_where_there_are_places_enough(sides):
    assert bool(ask(*identity(2, *sides), KEY, samples=48)) == (min(sides) >= 4)


def test_the_mean_of_every_patch_is_the_picture_at_the_size_of_its_codes():
    """One channel that holds the means of patches has the spectrum that pictures have, averaged to as many places."""
    sections = ask(Patches(channels=1), clouds(200, seed=7).float(), KEY)
    evidence, scores = sections[KEY].evidence, scores_of(sections)
    assert evidence.latent == pytest.approx(evidence.matched, rel=1e-4)
    latent, picture = (scores[f"spatial.slope.{name}"] for name in ("latent", "picture"))
    assert latent.value == pytest.approx(picture.value, rel=1e-4)
    assert findings_of(sections)[KEY].level == "good"
    assert set(figures(sections.values())) == {f"{KEY}.spectra"}


@pytest.mark.parametrize("seed", range(5))
def test_codes_of_signs_of_their_own_are_flatter_than_their_pictures(seed):
    """Signs that change from place to place make white noise of any picture, and the decoder takes them back."""
    signs = torch.randn(8, 8, generator=torch.Generator().manual_seed(seed)).sign().double()
    model = Twin(code=lambda x, m, s: (m * signs, s), latent=lambda z: z * signs)
    finding = findings_of(ask(model, data(), KEY))[KEY]
    assert finding.level == "note" and "fine detail" in finding.sentence and finding.remedy
    assert "training" not in finding.remedy  # it has no weights
    model.torch_modules = (torch.nn.Linear(1, 1),)
    assert "while training" in findings_of(ask(model, data(), KEY))[KEY].remedy


@pytest.mark.parametrize(
    ("flatter", "level"), [((0.1, 0.1), "good"), ((-1.0, 0.1), "good"), ((0.4, 0.1), "unsure"), ((2.0, 0.1), "note")]
)
def test_the_level_follows_from_the_interval_of_the_difference(asked, flatter, level):
    context, evidence = asked
    difference = Estimate(flatter[0], stderr=flatter[1])
    (found,) = QUESTION.judge(replace(evidence, flatter=difference), context).findings
    assert found.level == level == grade(difference, found.bounds)
    assert (found.settle is not None) == (level == "unsure") and (found.remedy is not None) == (level == "note")
