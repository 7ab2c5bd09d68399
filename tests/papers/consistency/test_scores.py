"""Scores of IC's models: the paper's scale, and traversals."""

import pytest
import torch

from latentassay.papers.consistency import scores
from latentassay.papers.consistency.configurations import list_configurations
from latentassay.papers.experiment import Options


def test_scores_of_invariance_in_every_scale(tmp_path):
    """Against the authors' averages of the same model, and the mean of the matrix as printed."""
    from latentassay import from_torch
    from latentassay.papers.consistency.configurations import SCALES
    from latentassay.responses import invariance

    weights = torch.tensor([[1.0, 0.3, 0.0], [0.1, 2.0, 0.4], [0.0, 0.5, 0.7]])
    model = from_torch(lambda x: x @ weights, lambda z: z, latent_shape=(3,), prior=None)
    z = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    configuration = list_configurations(Options("smoke", tmp_path))[0]
    found = scores._measure_invariance(configuration, model, {"posterior": z}, SCALES["smoke"])
    sigma = (z @ weights).std(0)
    printed = 1 - weights / sigma  # a linear response: |A_im| / σ_i, whatever the values
    off = ~torch.eye(3, dtype=torch.bool)
    assert found[f"INV, {scores.PAPER}"] == pytest.approx(float(printed.mean()), rel=1e-5)
    assert found[f"INV, {scores.AUTHORS}"] == pytest.approx(float(printed[off].mean()), rel=1e-5)
    ours = invariance(model, z, values=3)
    assert found[scores.INV] == pytest.approx(float(ours.matrix[off].mean()), rel=1e-5)
    assert found[scores.COLLAPSED] == 0 and scores.EQV not in found


def test_traversals_move_one_unit_within_its_range(tmp_path):
    configuration = list_configurations(Options("smoke", tmp_path))[0]
    codes = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    moved = scores._move_one_unit(configuration, codes)
    changed = moved != codes
    assert (changed.sum(1) == 1).all() and set(changed.nonzero()[:, 1].tolist()) == {0, 1, 2, 3}
    assert (moved <= codes.max(0).values).all() and (moved >= codes.min(0).values).all()
