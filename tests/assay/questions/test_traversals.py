"""What does each alive unit control? Where decoding changes nothing, a traversal is the base with one value changed."""

import numpy as np
import torch

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import answers, ask, context_of
from tests.assay.responding import shrinking


def test_one_unit_goes_through_its_values_and_all_others_stay():
    context = context_of(*shrinking(1.0))
    sections = answers(context, "traversals")
    found = sections["traversals"].evidence
    order = [int(label) for label in found.labels]
    assert sorted(order) == [0, 1, 2] and found.images.shape == (3, 11, 3)
    ends = torch.quantile(context.z, torch.tensor([0.01, 0.99]), dim=0)
    for row, unit in enumerate(order):
        others = [other for other in range(3) if other != unit]
        np.testing.assert_allclose(found.images[row][:, unit], found.values[row], rtol=1e-6)
        np.testing.assert_allclose(found.images[row][:, others], context.centre[others].expand(11, 2), rtol=1e-6)
        np.testing.assert_allclose(found.values[row][[0, -1]], ends[:, unit], rtol=1e-5)
    assert set(figures(sections.values())) == {"traversals.grid"}


def test_the_most_responsive_comes_first():
    sections = ask(*responding.leaking([[0.7, 0, 0], [0, 1, 0], [0, 0, 0.9]]), "traversals")
    assert sections["traversals"].evidence.labels == ("1", "2", "0")


def test_channels_are_not_traversed():
    assert not ask(*responding.channels(), "traversals", samples=64)
