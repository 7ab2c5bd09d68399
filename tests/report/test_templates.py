"""Templates escape what they are given, refuse what they are not given, and keep numbers together with their units."""

import pytest
from jinja2 import UndefinedError

from latentassay.report.templates import template

NAMES = ("report", "template.html.jinja")


def test_the_same_template_is_read_once():
    assert template(*NAMES) is template(*NAMES)


def test_what_is_missing_is_an_error_and_no_hole_in_a_page():
    with pytest.raises(UndefinedError):
        template(*NAMES).render()


def said(source, **names):
    return template(*NAMES).environment.from_string(source).render(names)


def test_words_of_strangers_are_escaped():
    assert said("{{ name }}", name="<script>") == "&lt;script&gt;"


def test_numbers_stay_with_their_errors_and_have_minus_signs():
    assert said("{{ text | tight }}", text="0.5 ± 0.1 %") == "0.5\u00a0±\u00a00.1\u00a0%"
    assert said("{{ text | minus }}", text="-3") == "−3"


def test_style_and_script_come_as_they_are():
    assert "{" in said("{{ style }}") and "&lt;" not in said("{{ script }}") and said("{{ script }}")
