"""The models of SA: their names, weights and plans, and the pictures they learn from."""

from pathlib import Path

import numpy as np
import pytest
import torch

from latentassay import models, objectives
from latentassay.data.shapes3d import shapes3d
from latentassay.papers.experiment import Options
from latentassay.papers.structure.configurations import (
    MODELS,
    SCALES,
    PooledPainter,
    draw_shapes,
    list_configurations,
    make_plan,
    objective_of,
)


def test_models_are_known_and_have_folders_of_their_own():
    assert {model.network for model in MODELS.values()} <= {*models.NAMES}
    folders = [one.run_folder for one in list_configurations(Options("paper", Path("x")))]
    assert len(folders) == len(set(folders)) == 5 * len(MODELS) and all(str(folder).isascii() for folder in folders)


@pytest.mark.parametrize("scale", ["paper", "laptop"])
def test_weights_are_the_published_beside_a_sum_over_pixels(scale):
    share = SCALES[scale].pooled ** 2
    assert objective_of("β-VAE", SCALES[scale]) == objectives.spec(objectives.BetaVAE(2 / share))
    assert objective_of("β-TCVAE", SCALES[scale])["beta"] == 4 / share
    assert objective_of("FVAE", SCALES[scale])["gamma"] == 40 / share
    assert objective_of("SAE-12", SCALES[scale]) == {"name": "ae"}


def test_plans_of_the_paper():
    plan = make_plan("SAE-12", SCALES["paper"], seed=3)
    assert (plan.steps, plan.batch_size, plan.lr, plan.seed) == (100_000, 128, 5e-4, 3)
    assert plan.networks == {"filters": 64} and plan.precision == "float32"
    assert make_plan("SAE-12", SCALES["gpu"], seed=0).precision == "bf16"


def test_pictures_are_means_of_those_of_3d_shapes(tmp_path):
    data = draw_shapes("smoke", tmp_path).test
    whole = shapes3d()
    rows = whole.rows_of(data.factors[:5])
    expected = torch.nn.functional.avg_pool2d(whole.batch(rows), 2)
    assert (data.batch(np.arange(5)) - expected).abs().max() <= 0.5001 / 255
    assert PooledPainter(1)(data.factors[:2]).shape == (2, 64, 64, 3)
    assert draw_shapes("smoke", tmp_path).train.x_shape == (3, 32, 32)
