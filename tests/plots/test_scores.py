"""Scores side by side: each at its value with its interval and its number."""

import pytest

from latentassay.core.errors import InputError
from latentassay.core.findings import Score
from latentassay.plots.scores import score_dots
from tests.plots.looks import readable


def score(label: str, value: float, low: float | None = None, high: float | None = None) -> Score:
    return Score(label.lower(), label, value, "", 100, 0, low, high)


@pytest.mark.parametrize("count", [1, 4, 30])
def test_axes_are_labelled_and_nothing_is_cut_off(count):
    readable(score_dots([score(f"a score named ${k}$", 0.5, 0.4, 0.6) for k in range(count)]))


def test_dots_stand_at_values_and_lines_at_intervals():
    ax = score_dots([score("MIG", 0.4, 0.3, 0.5), score("SAP", 0.1)])
    interval, dots = ax.lines
    assert interval.get_xydata().tolist() == [[0.3, 0], [0.5, 0]]
    assert dots.get_xydata().tolist() == [[0.4, 0], [0.1, 1]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["MIG", "SAP"]
    assert [text.get_text() for text in ax.texts] == [str(score("MIG", 0.4, 0.3, 0.5)), str(score("SAP", 0.1))]
    low, high = ax.get_ylim()
    assert low > high  # the first on top


@pytest.mark.parametrize("scores", [[], [score("MIG", 1.2)], [score("MIG", float("nan"))]])
def test_what_has_no_place_from_0_to_1_is_refused(scores):
    with pytest.raises(InputError, match="from 0 to 1"):
        score_dots(scores)
