"""How far does a change at one place spread? Blurs of a known width, and models that hand on what they are given."""

import pytest
import torch

import latentassay as la
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


@pytest.mark.parametrize(("times", "level"), [(0, "good"), (1, "good"), (2, "note"), (5, "warning")])
def test_far_reaching_changes_are_noted(times, level):
    x = torch.randn(64, 1, 4, 16, generator=torch.Generator().manual_seed(0))
    found = findings_of(ask(blurred(times), x, KEY))
    assert found[KEY].level == level
    assert ("within 1 place;" in found[KEY].sentence) == (times == 1)


def test_what_comes_back_nowhere_is_warned_of():
    found = findings_of(ask(*unanswering(), KEY, samples=48))[KEY]
    assert found.level == "warning" and "comes back nowhere" in found.sentence


def test_a_slow_model_is_asked_on_fewest_rows():
    sections = ask(Twin(), data(), KEY, budget=1e-6)
    assert scores_of(sections)[KEY].n == 8
    assert set(figures(sections.values())) == {f"{KEY}.kernel"}
