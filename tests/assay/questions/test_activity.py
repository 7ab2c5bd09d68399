"""Do codes vary at every place? Variances by place are those of the data; still places are named."""

import numpy as np
import pytest
import torch

from latentassay.assay.questions.activity import QUESTION, ActivityEvidence
from latentassay.core.levels import grade
from latentassay.report import figures
from latentassay.sampling import Codes
from latentassay.spatial import activity_maps
from tests.assay.asking import ask, context_of, findings_of, scores_of
from tests.assay.planted import Twin, data, identity

KEY = "spatial.activity"


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_other_dimensions_have_maps_of_two(sides):
    model, x = identity(2, *sides)
    sections = ask(model, x, KEY, samples=64)
    evidence = sections[KEY].evidence
    assert evidence.map.ndim == 2 and evidence.variance.ndim == 3 and evidence.sides == sides
    np.testing.assert_allclose(evidence.by_channel, x.var(0).flatten(1).mean(1), rtol=1e-5)  # codes are the data
    assert set(figures(sections.values())) == {f"{KEY}.maps"}


def drawn(scale, seed, n=120):
    """Evidence of normal codes whose places have these standard deviations."""
    mean = torch.randn(n, 2, 3, 4, generator=torch.Generator().manual_seed(seed)) * scale
    maps = activity_maps(Codes(mean, torch.ones_like(mean), None))
    return ActivityEvidence(
        variance=maps.variance.numpy(),
        by_channel=maps.by_channel.numpy(),
        by_place=maps.by_place.flatten().numpy(),
        by_place_stderr=maps.by_place_stderr.flatten().numpy(),
        map=maps.by_place.numpy(),
        sides=(3, 4),
        n=n,
        variant="",
    )


@pytest.fixture(scope="module")
def context():
    return context_of(*identity(2, 3, 4), samples=48)


@pytest.mark.parametrize("spread", [0.0, 0.2, 1.0])
def test_the_interval_of_the_ratio_knows_that_both_places_were_chosen(context, spread):
    scale = torch.exp(spread * torch.linspace(-1, 1, 12)).reshape(3, 4)
    truth, held = float((scale.max() / scale.min()).square()), 0
    for seed in range(100):
        (score,) = QUESTION.judge(drawn(scale, seed), context).scores
        held += score.low <= truth <= score.high
    assert held >= 89


@pytest.mark.parametrize(("times", "level"), [(1.0, "good"), (2.5, "good"), (4.0, "unsure"), (6.0, "note")])
def test_the_level_follows_from_the_interval_of_the_place_that_stands_out_most(context, times, level):
    """One place of twelve is made so many times as lively as the mean of all."""
    scale = torch.ones(3, 4)
    scale[2, 1] = (11 * times / (12 - times)) ** 0.5
    (found,) = QUESTION.judge(drawn(scale, 0), context).findings
    assert found.level == level == grade(found.estimate, found.bounds)
    assert (found.settle is not None) == (level == "unsure") and (found.remedy is not None) == (level == "note")
    assert found.subjects == (("(2, 1)",) if level == "note" else ())


@pytest.mark.parametrize("seed", range(5))
def test_still_places_are_named(seed):
    def quiet(x, mean, std):
        mean[:, :, :, 0] *= 0.1
        return mean, std

    sections = ask(Twin(code=quiet), data(seed=seed), KEY)
    one = findings_of(sections)[KEY]
    assert one.level == "note" and "least at (" in one.sentence and one.sentence.endswith(", 0).")
    assert one.subjects == tuple(f"({row}, 0)" for row in range(8))
    assert scores_of(sections)["spatial.uneven"].value > 50  # codes a tenth as large vary by a hundredth
