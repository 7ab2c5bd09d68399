"""How far does a change at one place spread? Blurs of a known width, and models that hand on what they are given."""

import pytest
import torch

import latentassay as la
from latentassay.core.levels import grade
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.planted import Twin, data, identity, unanswering

KEY = "spatial.reach"


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_other_dimensions_have_maps_of_two(sides):
    evidence = ask(*identity(2, *sides), KEY, samples=48)[KEY].evidence
    assert evidence.own.ndim == evidence.others.ndim == 2
    # What was changed comes back at its place in its channel, and nowhere else.
    assert evidence.reach == 0 and evidence.away == pytest.approx(0) and not evidence.others.any()


def blurred(times):
    """Codes spread over their neighbours, and back by nobody."""

    def decode(z):
        for _ in range(times):
            z = (z + z.roll(1, -1) + z.roll(-1, -1)) / 3**0.5
        return z

    return la.from_torch(lambda x: x, decode, latent_shape=(1, 4, 16))


@pytest.mark.parametrize(("times", "level"), [(0, "good"), (1, "good"), (2, "note"), (5, "unsure"), (8, "warning")])
def test_far_reaching_changes_are_noted(times, level):
    x = torch.randn(64, 1, 4, 16, generator=torch.Generator().manual_seed(0))
    found = findings_of(ask(blurred(times), x, KEY))
    assert found[KEY].level == level
    assert ("within 1 place;" in found[KEY].sentence) == (times == 1)
    assert found[KEY].level == grade(found[KEY].estimate, found[KEY].bounds)
    assert (found[KEY].settle is not None) == (level == "unsure")
    assert (found[KEY].remedy is not None) == (level in ("note", "warning"))


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_twin_keeps_its_changes_in_place(seed):
    found = findings_of(ask(Twin(), data(seed=seed), KEY))[KEY]
    assert found.level == "good" and "comes back at the place itself" in found.sentence


def test_what_comes_back_nowhere_is_warned_of():
    sections = ask(*unanswering(), KEY, samples=48)
    found = findings_of(sections)[KEY]
    assert found.level == "warning" and "comes back nowhere" in found.sentence
    assert "as no unit answers" in found.sentence and found.remedy is None
    assert set(scores_of(sections)) == {"spatial.answer"}  # what comes to nothing has no reach


def test_places_that_do_not_answer_are_told_from_units_that_do():
    """The decoder hears the mean of every channel alone: one of 144 places hardly moves it, all of them do."""
    model = la.from_torch(lambda x: x, lambda z: z.mean((2, 3), keepdim=True).expand_as(z), latent_shape=(2, 12, 12))
    x = torch.randn(96, 2, 1, 1, generator=torch.Generator().manual_seed(0)).expand(96, 2, 12, 12)
    x = x + 0.3 * torch.randn(96, 2, 12, 12, generator=torch.Generator().manual_seed(1))
    sections = ask(model, x, KEY)
    found = findings_of(sections)[KEY]
    assert found.level == "warning" and "though changes of whole units do" in found.sentence
    # A place moves the mean of all by 1/144 of its own change, which shows at 144 places.
    assert found.estimate == pytest.approx(1 / 144, rel=1e-4) and "comes back hardly at all" in found.sentence


def test_a_slow_model_is_asked_on_fewest_rows():
    sections = ask(Twin(), data(), KEY, budget=1e-6)
    assert scores_of(sections)[KEY].n == 8
    assert set(figures(sections.values())) == {f"{KEY}.kernel"}
