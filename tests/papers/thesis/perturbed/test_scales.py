"""Scales of chapter 4: where they train, and that a manipulation has enough decoders to be trained against."""

from latentassay.papers.thesis.perturbed.scales import SCALES, choose_device


def test_small_models_train_on_the_cpu():
    assert {name: choose_device(name) for name in SCALES} == {"smoke": "cpu", "laptop": "cpu", "paper": "auto"}


def test_both_ends_of_the_pool_are_different_models():
    assert all(2 * scale.ends <= scale.pool for scale in SCALES.values())
    assert SCALES["paper"].methods == ("AE", "β-VAE", "TC-VAE", "PCL") and SCALES["paper"].every == (1,) * 6
