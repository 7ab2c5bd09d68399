"""Runs that are loaded as they were saved."""

import pytest
import torch
from model_table import distinct_models, small_model

from latentassay import objectives
from latentassay.core.errors import CheckpointError
from latentassay.training import fit, load_run


@pytest.mark.parametrize("name", distinct_models())
def test_every_model_loads_as_it_was_saved(tmp_path, same_weights, name):
    model = small_model(name, likelihood={"name": "gaussian", "std": 0.5})
    x = torch.rand(8, *model.x_shape)
    saved = fit(model, objectives.published(name), x, steps=2, batch_size=4, out=tmp_path / name, device="cpu")
    loaded = load_run(tmp_path / name)
    assert same_weights(loaded.model, model) and not loaded.model.training
    assert loaded.model.likelihood == model.likelihood
    assert (loaded.step, loaded.history, loaded.seconds) == (saved.step, saved.history, saved.seconds)
    z = torch.randn(3, *model.latent_shape)
    assert torch.equal(loaded.model.decode(z), model.eval().decode(z))


def test_a_model_of_the_users_own_is_loaded_into_one_like_it(lab, tmp_path, same_weights):
    run = lab.train(lab.make("dropping"), 3, tmp_path)
    with pytest.raises(CheckpointError, match="model="):
        load_run(tmp_path)
    assert same_weights(load_run(tmp_path, model=lab.make("dropping")).model, run.model)
    with pytest.raises(CheckpointError, match="differ in"):
        load_run(tmp_path, model=lab.make())
