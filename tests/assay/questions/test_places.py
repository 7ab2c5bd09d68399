"""Which places carry information about the whole picture? Abnormal certainty alone is a note; smuggling is planted."""

import pytest

from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.planted import Twin, data, identity

KEY = "spatial.places"


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_other_dimensions_have_maps_of_two(sides):
    evidence = ask(*identity(2, *sides), KEY, samples=48)[KEY].evidence
    assert evidence.far.ndim == 2 and evidence.certainty is None


def test_what_is_certain_but_does_nothing_far_away_is_only_noted():
    def certain(x, mean, std):
        std[:, :, 1, 6] = 0.001
        return mean, std

    found = findings_of(ask(Twin(code=certain), data(), KEY))
    assert found["spatial.certain"].level == "note" and "at place (1, 6)" in found["spatial.certain"].sentence
    assert "spatial.global" not in found


def test_many_places_are_counted_and_a_few_named():
    def certain(x, mean, std):
        std[:, :, 0] = 0.001
        return mean, std

    found = findings_of(ask(Twin(code=certain), data(), KEY))
    assert "at 8 places ((0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5) …):" in found["spatial.certain"].sentence


def test_a_slow_model_is_asked_about_fewest_places():
    sections = ask(Twin(), data(), KEY, budget=1e-6)
    assert scores_of(sections)["spatial.global"].definition.startswith("of 32 places asked about, out of 64")
    assert set(figures(sections.values())) == {f"{KEY}.maps"}
