"""What comes back wrong while one unit goes through its values: the response, and nothing else."""

import numpy as np

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask

KEY = "consistency.traversal_errors"


def test_errors_along_a_traversal_are_those_of_the_response():
    sections = ask(*responding.leaking([[0.5, 0, 0], [0.25, 0.9, 0], [0, 0, 0.6]]), KEY)
    found = sections[KEY].evidence
    values, errors = found.values, found.errors
    assert found.moved == 1 and found.labels == ("0", "1", "2")
    assert errors.shape == (3, 16, len(values))
    np.testing.assert_allclose(np.diff(errors[1], axis=1), -0.1 * np.diff(values)[None].repeat(16, 0), atol=1e-6)
    np.testing.assert_allclose(np.diff(errors[[0, 2]], axis=2), 0, atol=1e-6)
    assert set(figures(sections.values())) == {f"{KEY}.lines"}


def test_channels_have_no_values_to_go_through():
    assert not ask(*responding.channels(), KEY, samples=64)
