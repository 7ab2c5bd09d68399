"""Which samples does the model itself not recognise? Off the line that all data lie on, every one; else, none."""

import numpy as np
import pytest

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of


def test_where_every_response_stays_there_are_no_holes():
    sections = ask(*responding.clean(), "holes")
    scores = scores_of(sections)
    for name in ("holes.prior", "holes.hybrid", "holes.prior.repaired", "holes.hybrid.redrawn"):
        assert scores[name].value == 0, name
    assert findings_of(sections)["holes"].level == "good"
    assert set(figures(sections.values())) == {"holes.distances", "holes.samples", "holes.worst"}


@pytest.fixture(scope="module")
def off_the_line():
    return ask(*responding.on_a_line(), "holes")


def test_hybrids_off_the_line_of_the_data_lie_in_holes_until_they_respond(off_the_line):
    """R takes both latents to their mean: rows stay, hybrids land on the line at once."""
    scores = scores_of(off_the_line)
    assert scores["holes.hybrid"].value > 0.95 and scores["holes.hybrid.repaired"].value == 0
    assert "holes.prior" not in scores
    finding = findings_of(off_the_line)["holes"]
    assert finding.level == "problem" and finding.remedy.startswith("Respond once before decoding, which leaves 0")


def test_what_is_shown_is_what_moves_furthest_beside_what_becomes_of_it(off_the_line):
    found = off_the_line["holes"].evidence
    moved = np.abs(found.worst[:, 0] - found.worst[:, 1]) / 2**0.5
    np.testing.assert_allclose(moved, np.sort(found.distance_hybrid)[::-1][: len(moved)], rtol=1e-5)
    np.testing.assert_allclose(found.repaired, found.worst.mean(1, keepdims=True).repeat(2, 1), atol=1e-6)
    assert found.distance_posterior.max() < found.threshold * 1.0001 and found.distance_prior is None


def test_a_collapsed_model_has_no_distance_that_counts():
    assert not ask(*responding.leaking([[0.0, 0], [0, 0]]), "holes")
