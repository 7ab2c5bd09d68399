"""Scores of the models of chapter 3: what the functions say of the same models."""

import numpy as np
import pytest
import torch

from latentassay.geometry import distance_to_orthogonality
from latentassay.papers.experiment import Options
from latentassay.papers.thesis.components import scores
from latentassay.papers.thesis.components.configurations import split, train
from latentassay.papers.thesis.components.groups import ModelGroups
from latentassay.papers.thesis.components.scales import SCALES
from latentassay.sampling import encode


@pytest.fixture
def groups(tmp_path):
    return ModelGroups(Options("smoke", tmp_path))


def test_scores_of_a_model_are_what_the_functions_say(groups):
    one = groups.main["Synth. Lin.", "β-VAE"][0]
    scores.measure_all(one)
    assert scores.is_measured(one)
    found, model = scores.measure_model(one), train(one).model
    g = torch.Generator().manual_seed(0)
    points = SCALES["smoke"].points
    assert found[scores.DTO] == distance_to_orthogonality(model, split(one).test, generator=g, points=points).score
    means = encode(model, split(one).test).mean
    assert found[scores.ACTIVE] == 2 == int((means.std(0) > 0.5).sum())
    # A linear β-VAE on a 2:1 square finds its sides, as PCA does.
    assert found[scores.DTO] < 0.1 and found[scores.DS] > 0.9


def test_an_autoencoder_that_was_measured_needs_no_weights(groups):
    one = groups.main["Synth. Lin.", "AE"][0]
    found = scores.measure_model(one)
    next(one.run_folder.glob("*.safetensors")).unlink()
    assert scores.measure_model(one) == found


def test_an_autoencoder_counts_all_its_units_and_has_no_regime(groups):
    one = groups.main["Synth. Lin.", "AE"][0]
    found = scores.measure_model(one)
    assert scores.REGIME not in found and found[scores.DTO] == pytest.approx(found[scores.FULL])


def test_a_random_decoder_is_as_far_as_chance(groups):
    one = groups.main["Synth. Lin.", "AE"][0]
    many = [scores.measure_random_decoder(one._replace(seed=seed), 2) for seed in range(60)]
    assert np.mean(many) == pytest.approx(0.55, abs=0.1)
