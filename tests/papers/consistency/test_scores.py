"""Scores of IC's models: the paper's scale, and traversals."""

import pytest
import torch

from latentassay.papers.consistency import scores
from latentassay.papers.consistency.configurations import list_configurations
from latentassay.papers.experiment import Options


def test_the_papers_scale_follows_from_ours():
    """e / σ_i of equation 5, where ours is e σ_m² / σ_i²: both from one matrix."""
    from latentassay import from_torch
    from latentassay.responses import invariance

    weights = torch.tensor([[1.0, 0.3, 0.0], [0.1, 2.0, 0.4], [0.0, 0.5, 0.7]])
    model = from_torch(lambda x: x @ weights, lambda z: z, latent_shape=(3,), prior=None)
    z = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    ours, theirs = (
        invariance(model, z, values=4, scale=scale, generator=torch.Generator().manual_seed(1))
        for scale in ("free", "paper")
    )
    off = ~torch.eye(3, dtype=torch.bool)
    expected = float(theirs.matrix[off].mean())
    assert scores._rescale_as_paper(ours)[f"INV, {scores.PAPER}"] == pytest.approx(expected, rel=1e-5)


def test_traversals_move_one_unit_within_its_range(tmp_path):
    configuration = list_configurations(Options("smoke", tmp_path))[0]
    codes = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    moved = scores._move_one_unit(configuration, codes)
    changed = moved != codes
    assert (changed.sum(1) == 1).all() and set(changed.nonzero()[:, 1].tolist()) == {0, 1, 2, 3}
    assert (moved <= codes.max(0).values).all() and (moved >= codes.min(0).values).all()
