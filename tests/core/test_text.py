"""Nothing that steers a terminal, or turns a line around, gets through; everything else does."""

import pytest

from latentassay.core.text import minus_signs, printable


@pytest.mark.parametrize("plain", ["Größe 5 µm", "猫", "🐈‍⬛", "a\tb\nc", "", "−1 ± 2"])
def test_plain_text_stays(plain):
    assert printable(plain) == plain


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\rb", r"a\rb"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2067x\u2069", r"\u2067x\u2069"),
        ("\udce9", r"\udce9"),
        ("a\u2028b", r"a\u2028b"),
        ("\x00", r"\x00"),
    ],
)
def test_what_steers_is_written_as_its_code(text, wanted):
    assert printable(text) == wanted
    printable(text).encode("utf-8")


def test_negative_numbers_have_a_minus_sign_and_words_their_hyphens():
    assert minus_signs("at -1.5 (-3) self-consistency") == "at −1.5 (−3) self-consistency"
