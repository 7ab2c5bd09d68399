"""Where do responses flow? Towards the origin, away from it, or nowhere: the divergence of a linear field is known."""

import numpy as np
import pytest

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import shrinking


@pytest.mark.parametrize(("factor", "share", "level"), [(0.6, 1, "good"), (1.4, 0, "warning")])
def test_the_divergence_of_a_linear_field_is_the_same_everywhere(factor, share, level):
    sections = ask(*shrinking(factor), "field")
    found = sections["field"].evidence
    points = np.stack(np.meshgrid(found.xs, found.ys), -1)
    np.testing.assert_allclose(found.vectors, (factor - 1) * points, atol=1e-5)
    np.testing.assert_allclose(found.divergence, 2 * (factor - 1), atol=1e-4)
    assert scores_of(sections)["field.converging"].value == share and findings_of(sections)["field"].level == level
    assert set(figures(sections.values())) == {"field.maps", "field.arrows"}


def test_pictures_are_decodings_of_the_plane_around_the_most_central_code():
    found = ask(*shrinking(0.9), "field")["field"].evidence
    others = ({0, 1, 2} - set(found.latents)).pop()
    assert found.reconstructions.shape == (12, 12, 3) and len(np.unique(found.reconstructions[..., others])) == 1
    columns = np.linspace(found.xs[0], found.xs[-1], 12)
    np.testing.assert_allclose(found.reconstructions[0, :, found.latents[0]], columns, rtol=1e-5)


def test_responses_that_stay_are_praised_and_not_taken_for_a_flow():
    sections = ask(*responding.clean(), "field")
    finding = findings_of(sections)["field"]
    assert sections["field"].evidence.still and finding.level == "good" and "invert each other" in finding.sentence


def test_one_unit_makes_no_plane():
    assert not ask(*shrinking(0.9, latents=1), "field")
