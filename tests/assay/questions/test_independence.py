"""Could the units of real data be drawn one by one?"""

from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of

KEY = "consistency.independence"


def test_units_that_are_drawn_one_by_one_are_not_blamed():
    sections = ask(*responding.clean(), KEY)
    assert findings_of(sections)[KEY].level == "good" and sections[KEY].evidence.p_value > 0.01
    assert abs(sections[KEY].evidence.effect) < 0.05
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores_of(sections).values())


def test_units_that_are_one_are_told_to_be_drawn_together():
    sections = ask(*responding.on_a_line(), KEY)
    dependent = findings_of(sections)[KEY]
    assert dependent.level == "note" and "depend on each other" in dependent.sentence and dependent.remedy
    evidence = sections[KEY].evidence
    assert evidence.p_value == 0.001 and "999 permutations" in evidence.variant and 0.7 < evidence.effect < 1.5


def test_one_unit_alone_depends_on_none():
    assert not ask(*responding.leaking([[1, 0], [0, 0.1]]), KEY)
