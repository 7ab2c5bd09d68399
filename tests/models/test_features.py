"""Encoders without a decoder."""

import pytest
import torch

from latentassay import models
from latentassay.core.contract import check_autoencoder
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Point
from latentassay.models.features import Features


def test_the_extractor_of_the_source():
    """20 sources: two layers of 40 maxout units of two pieces, a linear one without bias, and their scale."""
    model = models.features(x_shape=(20,), latents=20)
    assert sum(p.numel() for p in model.network.parameters()) == 20 * 80 + 80 + 40 * 80 + 80 + 40 * 20
    assert sum(p.numel() for p in model.scale.parameters()) == 40


def test_codes_are_points_of_any_picture_network():
    encoder = models.build("ae-conv-small", x_shape=(1, 8, 8), latents=3).encoder
    model = Features(encoder, x_shape=(1, 8, 8), latents=3).eval()
    posterior = model.encode(torch.rand(4, 1, 8, 8))
    assert isinstance(posterior, Point) and posterior.mean.shape == (4, 3) and model.latent_shape == (3,)


def test_same_seed_same_weights_and_the_global_random_state_stays():
    before = torch.get_rng_state()
    one, same, other = (models.features(x_shape=(5,), latents=2, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.get_rng_state())
    weights = [model.network[1].linear.weight for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_with_a_decoder_it_keeps_the_contract_of_the_door():
    model = models.features(x_shape=(5,), latents=2)
    with pytest.raises(ContractError, match="lacks prior, decode"):
        check_autoencoder(model, torch.rand(3, 5))
    whole = model.with_decoder(models.build("ae-mlp", x_shape=(5,), latents=2).decoder)
    check_autoencoder(whole, torch.rand(3, 5))
    assert not any(module.training for module in whole.train().encoder.modules()) and whole.decoder.training


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latents": 0}, "latents must"),
        ({"latents": 2.0}, "latents must"),
        ({"x_shape": 5}, "x_shape must"),
        ({"x_shape": (0,)}, "x_shape must"),
        ({"hidden": (0,)}, "hidden must"),
        ({"seed": -1}, "seed must"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        models.features(**{"x_shape": (5,), "latents": 2, **options})


def test_a_run_of_pcl_is_loaded_into_fresh_features(tmp_path):
    from latentassay import data, objectives
    from latentassay.core.errors import CheckpointError
    from latentassay.training import fit, load_run

    x = torch.rand(40, 5)
    model = models.features(x_shape=(5,), latents=2)
    fit(model, objectives.PCL(), data.windows(x), steps=3, batch_size=8, out=tmp_path, device="cpu")
    loaded = load_run(tmp_path, model=models.features(x_shape=(5,), latents=2, seed=9)).model
    assert torch.equal(loaded.encode(x).mean, model.eval().encode(x).mean)
    with pytest.raises(CheckpointError, match="model="):
        load_run(tmp_path)
