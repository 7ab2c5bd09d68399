"""Which units belong together? Matrices whose graph is known: a circle, an arrow, three that move each other."""

import torch

from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import gridded
from tests.oracles.linear import exact_inverse


def mixed(matrix):
    """The answer for a model whose response to z is this matrix times z."""
    model = exact_inverse(3, 8, noise=0.01)
    data = gridded(model)
    model.E = torch.tensor(matrix, dtype=torch.float64) @ model.E
    return ask(model, data, "graph")


def sentences(sections):
    return [finding.sentence for finding in findings_of(sections).values()]


def test_two_units_of_one_circle_are_one_variable():
    sections = mixed([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    assert "Units 0 and 1 form one variable: each moves the other about equally." in sentences(sections)
    evidence = sections["graph"].evidence
    assert evidence.pairs.tolist() == [[0, 1]] and evidence.variables == ((0, 1), (2,))
    assert set(figures(sections.values())) == {"graph.circle"}


def test_one_way_arrows_are_no_variable():
    sections = mixed([[1.0, 0.0, 0.0], [0.4, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert any(
        "No two alive units form one variable, but 1 of 6 possible one-way responses" in sentence
        for sentence in sentences(sections)
    )
    assert sections["graph"].evidence.edges.tolist() == [[0, 1]]


def test_three_units_that_move_each_other_are_entangled():
    sections = mixed([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]])
    assert any(sentence.startswith("Units 0, 1 and 2 are entangled") for sentence in sentences(sections))


def test_units_that_move_alone_are_praised():
    sections = mixed([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
    assert findings_of(sections)["graph"].level == "good" and scores_of(sections)["graph.edges"].value == 0
