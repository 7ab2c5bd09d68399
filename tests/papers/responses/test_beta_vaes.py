"""The β-VAEs of LR: what each is trained on."""

import json

import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.papers.experiment import Options
from latentassay.papers.responses.beta_vaes import BetaVAE, BetaVAEs
from latentassay.papers.responses.scales import SCALES
from latentassay.papers.responses.scores import measure_structure


def test_seeds_split_and_draw_their_rows_anew(tiny, tmp_path):
    vaes = BetaVAEs(Options("smoke", tmp_path))
    models = (BetaVAE("3D Shapes", 1, seed=seed) for seed in (0, 0, 1))
    first, again, other = (vaes.training_rows(model).factors for model in models)
    assert len(first) == 64 and np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_official_shapes_are_used_if_they_are_named(tmp_path):
    vaes = BetaVAEs(Options("smoke", tmp_path, data={"shapes3d-official": tmp_path}))
    assert vaes.is_official("3D Shapes")
    with pytest.raises(FileError, match=r"3dshapes\.h5"):
        measure_structure(vaes, BetaVAE("3D Shapes", 1))


def test_time_is_counted_once_a_model(tiny, tmp_path):
    vaes, model = BetaVAEs(Options("smoke", tmp_path)), BetaVAE("3D Shapes", 1)
    seconds = vaes.run(model).seconds
    vaes.run(model)
    assert vaes.seconds == seconds > 0


def test_mnist_is_enlarged_and_split(shared_data, tiny, tmp_path):
    vaes = BetaVAEs(Options("smoke", tmp_path, data={"mnist": shared_data / "mnist"}))
    model = BetaVAE("MNIST", 1)
    assert measure_structure(vaes, model)
    plan = json.loads((tmp_path / "runs" / "smoke" / "mnist-exact-beta1-d12-seed0" / "plan.json").read_text())
    assert plan["batch_size"] == SCALES["smoke"].digits_batch and len(vaes.unseen_rows(model)) == 14_000
    assert vaes.unseen_rows(model).x_shape == (1, 32, 32)
