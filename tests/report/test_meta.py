"""The head and the foot of a page: what was questioned, on what, how exactly, and where the time went."""

from dataclasses import replace

import pytest

from latentassay.core.findings import Meta, Section
from latentassay.report.meta import about, describe_facts, describe_measurement, seconds, title_of

META = Meta(
    model="VAE",
    data="digits",
    date="2026-01-02",
    rows=96,
    available=539,
    x_shape=(1, 8, 8),
    latent_shape=(3, 4, 4),
    units=3,
    prior=None,
    seed=7,
    grid=50,
    groups=20,
    precision=0.05,
    budget=60.0,
    used=(64, 96),
    claims=21,
    false_alarms=0.15,
    seconds=12.34,
    preparing=2.0,
    device="cpu",
    dtype="float32",
    versions={"latentassay": "1.0", "torch": "2.6"},
)


def test_the_heading_says_what_on_what():
    assert title_of(META) == "VAE on digits" and about(META) == ("VAE", "digits", "2026-01-02")


def test_facts_are_sizes_prior_seed_and_time():
    assert describe_facts(META) == {
        "observations": "96 of 539, 1×8×8",
        "latent": "3×4×4, 3 units",
        "prior": "none",
        "seed": "7",
        "time": "12.3 s",
    }
    assert describe_facts(replace(META, prior="StandardNormal"))["prior"] == "StandardNormal"


@pytest.mark.parametrize(
    ("changes", "label", "text"),
    [
        ({}, "rows used by each unit", "64 to 96"),
        ({"used": (96, 96)}, "rows used by each unit", "96"),
        ({}, "precision", "0.05"),
        ({"precision": None}, "precision", "every row"),
        ({}, "versions", "latentassay 1.0, torch 2.6"),
        ({"budget": 3600.0}, "budget", "3600 s"),
    ],
)
def test_the_foot_says_how_it_was_measured(changes, label, text):
    assert describe_measurement(replace(META, **changes))[label] == text


def test_time_is_that_of_the_codes_and_of_every_question():
    sections = [Section("a", "First", "?", seconds=1.5), Section("b", "Second", "?", seconds=0.5)]
    assert seconds(sections, META) == {"Codes and responses": 2.0, "First": 1.5, "Second": 0.5}


def test_what_was_assumed_stands_below_the_heading():
    found = describe_facts(replace(META, assumed=("assumed of VAE: prior='normal'", "rows passed as 3×50")))
    assert found["assumed"] == "assumed of VAE: prior='normal'; rows passed as 3×50"
