"""What does a change of one unit do to the others? Of a linear model, its matrix tells."""

import numpy as np
import pytest

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, context_of, scores_of
from tests.assay.responding import leaking

MIXED = [[1.0, 0, 0], [0.5, 1, 0], [0, 0, 1]]


def test_the_matrix_is_that_of_the_model_in_units_of_spread():
    """Latents are set to those of other rows: Δz_j has variance 2 σ_j², and A_kj of it reaches unit k."""
    model, data = leaking(MIXED)
    options = {"samples": 400, "precision": None}
    evidence = ask(model, data, "responses", **options)["responses"].evidence
    sigma = context_of(model, data, **options).z.double().std(0).numpy()
    known = np.abs(model.A.numpy().T) * sigma[:, None] / sigma
    np.testing.assert_allclose(evidence.normalized, known, atol=0.1)
    np.testing.assert_allclose(evidence.matrix, known * 2**0.5 * sigma, atol=0.2)


def test_coupling_is_the_mean_square_off_the_diagonal_and_the_worst_stands_beside_it():
    """Half of a change of unit 0 reaches unit 1, whose codes have the variance 1.25: a fifth, squared."""
    sections = ask(*leaking(MIXED), "responses", samples=400, precision=None)
    off, scores = sections["responses"].evidence.normalized[~np.eye(3, dtype=bool)], scores_of(sections)
    assert scores["responses.coupling"].value == pytest.approx((off**2).mean(), rel=1e-5)
    assert scores["responses.worst"].value == pytest.approx(0.2, abs=0.05)
    assert scores["responses.worst"].label == "Strongest coupling (unit 0 moves 1)"
    assert set(figures(sections.values())) == {"responses.matrix", "responses.full"}


def test_one_alive_unit_leaks_into_none():
    sections = ask(*leaking([[1, 0], [0, 0.0]]), "responses")
    assert not scores_of(sections) and sections["responses"].evidence.live.tolist() == [True, False]


def test_nothing_is_said_where_no_unit_is_alive():
    assert not ask(*responding.leaking([[0.0, 0], [0, 0]]), "responses")
