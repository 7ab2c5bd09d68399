"""Every defect planted in spatial latents is found by its name, and none on the clean twin, whichever question asks."""

import pytest

from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.planted import DEFECTS, Twin, data, identity, without_places


def asked(model, x, **options):
    return ask(model, x, "input_checks", "units", "spatial", **options)


def blamed(sections):
    return {key: one.sentence for key, one in findings_of(sections).items() if one.level in ("warning", "problem")}


def test_nothing_is_held_against_the_clean_twin():
    clean = asked(Twin(), data())
    assert not blamed(clean)
    found = {key: one.level for key, one in findings_of(clean).items()}
    for key in (
        "input_checks.range",
        "input_checks.scale",
        "spatial.channels",
        "spatial.reach",
        "spatial.global",
        "spatial.shifts",
    ):
        assert found[key] == "good", key
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores_of(clean).values())


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_by_its_name(name):
    model, times, expected = DEFECTS[name]
    found = blamed(asked(model, data(times)))
    for key, words in expected.items():
        assert words in found.get(key, ""), found
    # A range that is wrong spoils all that follows, and leaking channels no longer have the variance of the prior.
    tolerated = (
        {"input_checks.scale", "spatial.leaks", "spatial.dead", "units.dead", "units.faint", "units.strength"}
        if name == "wrong value range"
        else {"input_checks.scale"}
    )
    assert set(found) <= set(expected) | (tolerated if name in ("wrong value range", "channel leak") else set()), found


def test_vectors_are_not_asked():
    assert ask(*identity(5), "spatial", samples=48) == {}


def test_pictures_without_places_leave_their_questions_out():
    found = findings_of(ask(*without_places(), "spatial", samples=48))
    assert set(found) == {"spatial.channels", "spatial.reach", "spatial.activity"}
