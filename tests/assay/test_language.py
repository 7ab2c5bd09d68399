"""Slips of language are found by their form, and right sentences pass."""

import pytest

from latentassay.assay.language import SLIPS, slips_in


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Unit 9 are redundant.", "one unit in the plural"),
        ("8 answer. Unit c2 come back.", "one unit in the plural"),
        ("Units 1, 2 and 9 comes back.", "several units in the singular"),
        ("Only 1 rows have an answer.", "one of several"),
        ("It is nan ± inf.", "no number"),
        ("It is so  at 3 %.", "two spaces or stops"),
        ("It is so..", "two spaces or stops"),
    ],
)
def test_slips_are_found(sentence, kind):
    assert kind in SLIPS and [slip.split(":")[0] for slip in slips_in(sentence)] == [kind]


@pytest.mark.parametrize(
    "sentence",
    [
        "Codes of unit 7 have lighter tails.",
        "One of units 0, 1 and 2 comes back smaller.",
        "The correlation of units 0 and 6 is 0.4.",
        "0.1 rows of 11 units and 2–1 places, information on finance …",
        "None of 80 units answers.",
    ],
)
def test_right_sentences_pass(sentence):
    assert slips_in(sentence) == []
