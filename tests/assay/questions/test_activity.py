"""Do codes vary at every place? Variances by place are those of the data; still places are named."""

import numpy as np
import pytest

from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.planted import Twin, data, identity

KEY = "spatial.activity"


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_other_dimensions_have_maps_of_two(sides):
    model, x = identity(2, *sides)
    sections = ask(model, x, KEY, samples=64)
    evidence = sections[KEY].evidence
    assert evidence.map.ndim == 2 and evidence.variance.ndim == 3 and evidence.sides == sides
    np.testing.assert_allclose(evidence.by_channel, x.var(0).flatten(1).mean(1), rtol=1e-5)  # codes are the data
    assert set(figures(sections.values())) == {f"{KEY}.maps"}


def test_still_places_are_named():
    def quiet(x, mean, std):
        mean[:, :, :, 0] *= 0.1
        return mean, std

    sections = ask(Twin(code=quiet), data(), KEY)
    one = findings_of(sections)[KEY]
    assert one.level == "note" and "least at (" in one.sentence and one.sentence.endswith(", 0).")
    assert scores_of(sections)["spatial.uneven"].value > 50  # codes a tenth as large vary by a hundredth
