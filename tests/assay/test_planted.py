"""Every defect planted in spatial latents is found by its name, and none on the clean twin, whichever question asks."""

import pytest

from latentassay.assay.contradictions import contradictions
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.planted import DEFECTS, Twin, data, identity, without_places

OF_UNITS = ("dead", "collapsed", "encoder_blind", "faint", "twins", "redundant")
NAMED = {*(f"units.{state}" for state in OF_UNITS), "graph.entangled", "graph.one_way", "spatial.certain"}
"""Findings that name a defect even where they do not accuse."""

SEEDS = range(5)


def asked(model, x, **options):
    return ask(model, x, "input_checks", "units", "graph", "spatial", **options)


def named(sections):
    """Findings that accuse, or name a defect."""
    return {key: one for key, one in findings_of(sections).items() if one.is_grave or key in NAMED}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_held_against_the_clean_twin(seed):
    clean = asked(Twin(), data(seed=seed))
    assert not named(clean)
    found = {key: one.level for key, one in findings_of(clean).items()}
    for key in (
        "input_checks.range",
        "input_checks.scale",
        "graph",
        "spatial.channels",
        "spatial.reach",
        "spatial.activity",
        "spatial.global",
        "spatial.shifts",
    ):
        assert found[key] == "good", key
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores_of(clean).values())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_by_its_name(name, seed):
    model, times, expected = DEFECTS[name]
    sections = asked(model, data(times, seed))
    found = named(sections)
    for key, words in expected.items():
        assert key in found, found
        assert found[key].subjects == (words,) if found[key].subjects else words in found[key].sentence, found[key]
    # A range that is wrong spoils all that follows, and leaking channels no longer have the variance of the prior.
    tolerated = {"input_checks.scale", "units.dead"} if name == "wrong value range" else {"input_checks.scale"}
    assert set(found) <= set(expected) | (tolerated if name in ("wrong value range", "channel leak") else set()), found
    channels = findings_of(sections)["spatial.channels"]
    pointed = [
        subject for key, subject in expected.items() if key.startswith(("units", "graph")) and key != "units.faint"
    ]
    assert channels.level == ("note" if pointed or name == "wrong value range" else "good")
    assert set(pointed) <= set(channels.subjects)
    assert not contradictions(
        [one for section in sections.values() for one in section.findings],
        scores_of(sections),
        units=6,
        is_trainable=False,
    )


def test_vectors_are_not_asked():
    assert ask(*identity(5), "spatial", samples=48) == {}


def test_pictures_without_places_leave_their_questions_out():
    found = findings_of(ask(*without_places(), "spatial", samples=48))
    assert set(found) == {"spatial.channels", "spatial.reach", "spatial.activity"}
