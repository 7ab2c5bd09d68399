"""How much of the data comes back? A model that keeps some columns loses the variance of the others, and no more."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of


def keeping(columns, spread):
    """A model that keeps the first columns of normal data and forgets the others; ``spread`` of each column."""
    model = la.from_torch(
        lambda x: x[:, :columns],
        lambda z: torch.cat([z, z.new_zeros(len(z), len(spread) - columns)], 1),
        latent_shape=(columns,),
    )
    x = torch.randn(400, len(spread), generator=torch.Generator().manual_seed(0))
    return model, (x - x.mean(0)) * torch.tensor(spread)


@pytest.mark.parametrize(
    ("columns", "spread", "level"),
    [(4, [1.0, 1, 1, 1], "good"), (2, [3.0, 3, 1, 2], "note"), (2, [1.0, 1, 1, 1], "warning")],
)
def test_the_share_that_comes_back_is_that_of_the_columns_kept(columns, spread, level):
    model, x = keeping(columns, spread)
    sections = ask(model, x, "reconstruction", samples=400)
    lost, all_of_it = x[:, columns:].double().square().sum(), x.double().square().sum()
    scores = scores_of(sections)
    assert scores["reconstruction.explained"].value == pytest.approx(float(1 - lost / all_of_it), abs=1e-6)
    assert scores["reconstruction.mse"].value == pytest.approx(float(lost) / x.numel(), abs=1e-6)
    finding = findings_of(sections)["reconstruction"]
    assert finding.level == level and (finding.remedy is None) == (level == "good")


def test_errors_are_those_of_every_row_and_pictures_those_of_the_first():
    model, x = keeping(2, [1.0, 1, 1, 1])
    sections = ask(model, x, "reconstruction", samples=400, batch_size=7)
    evidence = sections["reconstruction"].evidence
    errors = x[:, 2:].square().sum(1) / 4
    np.testing.assert_allclose(np.sort(evidence.error), errors.sort().values, rtol=1e-5)
    np.testing.assert_array_equal(evidence.reconstructions[:, :2], evidence.originals[:, :2])
    assert len(evidence.originals) == 12 and not evidence.reconstructions[:, 2:].any()
    assert set(figures(sections.values())) == {"reconstruction.pairs", "reconstruction.errors"}
