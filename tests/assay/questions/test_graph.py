"""Which units belong together? Matrices whose graph is known: a circle, an arrow, three that move each other."""

import pytest
import torch

from latentassay.assay.questions.graph import _brief
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import gridded
from tests.oracles.linear import exact_inverse


def mixed(matrix):
    """The answer for a model whose response to z is this matrix times z."""
    model = exact_inverse(3, 8, noise=0.01)
    data = gridded(model)
    model.E = torch.tensor(matrix, dtype=torch.float64) @ model.E
    return ask(model, data, "graph", samples=120, precision=None)


def test_two_units_of_one_circle_are_one_variable():
    sections = mixed([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    finding = findings_of(sections)["graph.entangled"]
    assert finding.subjects == ("0+1",) and finding.sentence.startswith("Units 0 and 1 move each other")
    assert float(finding.estimate) == pytest.approx(0.36, abs=0.12)
    evidence = sections["graph"].evidence
    assert evidence.pairs.tolist() == [[0, 1]] and evidence.variables == ((0, 1), (2,))
    assert set(figures(sections.values())) == {"graph.circle"}


def test_one_way_arrows_are_no_variable():
    sections = mixed([[1.0, 0.0, 0.0], [0.4, 1.0, 0.0], [0.0, 0.0, 1.0]])
    finding = findings_of(sections)["graph.one_way"]
    assert finding.subjects == ("0>1",) and float(finding.estimate) == pytest.approx(0.16 / 1.16, abs=0.08)
    assert "graph.entangled" not in findings_of(sections)
    assert sections["graph"].evidence.edges.tolist() == [[0, 1]]


def test_three_units_that_move_each_other_are_entangled():
    sections = mixed([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]])
    finding = findings_of(sections)["graph.entangled"]
    assert finding.subjects == ("0+1", "0+2", "1+2") and finding.sentence.startswith("Units 0, 1 and 2 move each other")


def test_a_pair_and_an_arrow_are_both_told():
    found = findings_of(mixed([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.9, 1.0]]))
    assert found["graph.entangled"].subjects == ("0+1",) and "1>2" in found["graph.one_way"].subjects


@pytest.mark.parametrize("seed", range(6))
def test_couplings_of_an_eighth_of_the_size_are_no_fault(seed):
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.eye(3) + 0.12 * (1 - torch.eye(3)) * torch.randn(3, 3, generator=generator).sign()
    (finding,) = findings_of(mixed(matrix.tolist())).values()
    assert (finding.key, finding.level) == ("graph", "good")


def test_units_that_move_alone_are_praised():
    sections = mixed([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
    assert findings_of(sections)["graph"].level == "good" and scores_of(sections)["graph.edges"].value == 0


def test_an_arrow_that_ends_at_a_faint_unit_is_drawn():
    """Unit 0 comes back with the other sign, so that what it moves in unit 1 is no more of what unit 1 was."""
    sections = mixed([[-1.0, 0.0, 0.0], [0.6, 0.2, 0.0], [0.0, 0.0, 1.0]])
    evidence = sections["graph"].evidence
    assert findings_of(sections)["graph.one_way"].subjects == ("0>1",) and 1 in evidence.nodes
    assert set(figures(sections.values())) == {"graph.circle"}


def test_a_weak_coupling_does_not_make_one_variable_of_two_units():
    found = findings_of(mixed([[1.0, 0.25, 0.0], [0.25, 1.0, 0.0], [0.0, 0.0, 1.0]]))["graph.entangled"]
    assert found.level == "note" and "one variable" not in f"{found.remedy} {found.brief}"
    assert mixed([[1.0, 0.25, 0.0], [0.25, 1.0, 0.0], [0.0, 0.0, 1.0]])["graph"].evidence.variables == (
        (0,),
        (1,),
        (2,),
    )
    strong = findings_of(mixed([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]]))["graph.entangled"]
    assert strong.level == "warning" and "one variable" in strong.remedy and "one variable" in strong.brief


@pytest.mark.parametrize(
    ("level", "words"), [("note", "4 units move each other a little"), ("problem", "4 units move each other")]
)
def test_a_verdict_on_many_units_is_as_strong_as_their_coupling(level, words):
    assert _brief(["0", "1", "2", "3"], level, joined=False) == words
    assert _brief(["0", "1"], level, joined=False) == words.replace("4 units", "units 0 and 1")
