"""Which channels repeat one another; what the ledger says of channels is pointed to, counted, and a few named."""

from dataclasses import replace

import pytest
import torch

import latentassay as la
from latentassay.assay.questions.channels import QUESTION
from latentassay.report import figures
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of
from tests.assay.planted import Twin, data, identity, leaking, unanswering

KEY = "spatial.channels"


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_channels_of_any_dimension_can_be_clean(sides):
    sections = ask(*identity(2, *sides), KEY, samples=48)
    assert findings_of(sections)[KEY].level == "good"
    assert set(figures(sections.values())) == {f"{KEY}.relations"}


def test_units_of_ones_own_say_nothing_of_channels():
    model = Twin(code=leaking)
    assert findings_of(ask(model, data(), KEY))[KEY].subjects == ("c1>c4",)
    found = findings_of(ask(model, data(), KEY, units=[[0, 1], [2, 3]]))[KEY]
    assert not found.subjects and found.level == "good" and "repeats another" in found.sentence


def test_channels_that_say_and_do_nothing_are_pointed_to():
    found = findings_of(ask(*unanswering(), KEY, samples=48))[KEY]
    assert found.level == "note" and found.subjects == ("c0", "c1") and "c0 and c1 are dead" in found.sentence


def test_one_channel_has_none_to_be_compared_with():
    assert not ask(*identity(1, 4, 4), KEY, samples=48)


def test_many_faults_are_counted_and_a_few_named():
    """Every channel but the first hears the first, the last most; all nine are subjects, six are said."""
    strength = torch.linspace(1.0, 2.0, 9)[:, None, None]

    def heard(x):
        mean = x.clone()
        mean[:, 1:] = mean[:, 1:] + strength * x[:, :1]
        return mean

    model = la.from_torch(heard, lambda z: z, latent_shape=(10, 2, 4))
    x = torch.randn(300, 10, 2, 4, generator=torch.Generator().manual_seed(0))
    found = findings_of(ask(model, x, KEY))[KEY]
    assert set(found.subjects) >= {f"c0>c{k}" for k in range(1, 10)} and " and 3 more: see" in found.sentence
    assert found.sentence.startswith("Of 10 channels, c0 moves c9, c0 moves c8, c0 moves c7,")


@pytest.mark.parametrize("seed", range(5))
def test_channels_that_do_the_same_to_the_picture_are_told_though_their_codes_differ(seed):
    """The decoder adds channels 0 and 1; codes of the data are independent."""
    model = la.from_torch(lambda x: x, lambda z: z[:, :1] + z[:, 1:2] + 0 * z, latent_shape=(2, 4, 4))
    x = torch.randn(200, 2, 4, 4, generator=torch.Generator().manual_seed(seed))
    sections = ask(model, x, KEY, units=[[0], [1]])  # whatever units are asked about
    found = findings_of(sections)[KEY]
    assert found.level == "note" and found.subjects == ("c0+c1",) and "effects at 1.00" in found.sentence
    assert scores_of(sections)["spatial.twins"].value == 1
    assert scores_of(sections)["spatial.correlation"].value < 0.1


@pytest.fixture(scope="module")
def asked():
    context = context_of(Twin(), data())
    return context, answers(context, KEY)[KEY].evidence


@pytest.mark.parametrize(
    ("size", "error", "level"),
    [(0.5, 0.1, "good"), (-0.97, 0.001, "good"), (0.975, 0.01, "unsure"), (-0.99, 0.02, "unsure")],
)
def test_a_good_word_needs_that_no_two_channels_could_be_the_same(asked, size, error, level):
    context, evidence = asked
    effects, errors = evidence.effects.copy(), evidence.effects_stderr.copy()
    effects[1, 3] = effects[3, 1] = size
    errors[1, 3] = errors[3, 1] = error
    found = QUESTION.judge(replace(evidence, effects=effects, effects_stderr=errors), context).findings[0]
    assert found.level == level and (found.settle is not None) == (level == "unsure") and not found.remedy
