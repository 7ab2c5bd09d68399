"""What a question is, in which order questions are asked, and which of them are wanted."""

from dataclasses import dataclass
from functools import wraps

import numpy as np
import pytest

import latentassay as la
from latentassay.assay.question import choose, known_questions
from latentassay.assay.questions import ORDER
from latentassay.core.findings import Picture
from tests.assay.asking import context_of
from tests.assay.responding import shrinking


@dataclass(frozen=True)
class Counted:
    count: np.ndarray


def question(**changes):
    usual = {
        "key": "counted",
        "title": "Counted",
        "text": "How many rows are there?",
        "evidence": Counted,
        "measure": lambda context: Counted(np.array([context.n])),
        "judge": lambda evidence, context: la.Judgement((la.Score("n", "n", int(evidence.count[0]), "n", 1, 0),)),
    }
    return la.Question(**{**usual, **changes})


def test_known_questions_are_in_the_order_of_the_report_and_each_is_its_files_own():
    known = known_questions()
    assert [q.measure.__module__.rpartition(".")[2] for q in known] == list(ORDER) and known_questions() is known
    for names in (
        [q.key for q in known],
        [q.title for q in known],
        [q.text for q in known],
        [q.evidence for q in known],
    ):
        assert len(set(names)) == len(known)
    assert all(q.text.endswith("?") for q in known)


def test_what_is_wanted_keeps_its_order_and_ones_own_come_last():
    own, known = question(), known_questions()
    chosen = choose(known, [own, "holes", "spatial", "units"])
    keys = [q.key for q in chosen]
    assert keys[0] == "units" and keys[1].startswith("spatial.") and keys[-2:] == ["holes", "counted"]
    assert choose(known, None) == known and choose(known, "holes") == choose(known, ["holes"])
    assert choose(known, [known[3]]) == (known[3],)


def test_a_group_is_no_beginning_of_a_word():
    with pytest.raises(la.InputError, match="no question is called 'hole'"):
        choose(known_questions(), ["hole"])


def test_an_answer_is_a_section_with_its_evidence_and_pictures():
    drawn = [Picture("one", "One", "A picture.", lambda: None)]
    section = question(figures=lambda evidence: drawn).answer(context_of(*shrinking(1.0)))
    assert (section.key, section.title, section.question) == ("counted", "Counted", "How many rows are there?")
    assert section.evidence.count == 96 and section.scores[0].value == 96 and list(section.pictures) == drawn


def test_nothing_found_is_no_section():
    assert question(measure=lambda context: None).answer(context_of(*shrinking(1.0))) is None


def test_its_file_is_that_of_the_function_and_not_of_a_decorator():
    def measure(context):
        return None

    decorated = wraps(measure)(np.vectorize(measure))
    assert question(measure=measure).file == question(measure=decorated).file == __file__
