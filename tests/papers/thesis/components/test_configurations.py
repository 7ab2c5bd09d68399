"""The models of chapter 3: folders, networks and plans."""

import pytest

from latentassay.core.errors import InputError
from latentassay.papers.thesis.components.configurations import (
    ComponentsConfiguration,
    is_trained,
    make_plan,
    network_options,
    train,
)


def configuration(folder, data="dSprites", variant="β-VAE", beta=4.0, latents=5, scale="laptop"):
    return ComponentsConfiguration(
        scale=scale, folder=folder, files=None, data=data, variant=variant, beta=beta, seed=0, latents=latents
    )


def test_folders_say_what_was_trained(tmp_path):
    folder = configuration(tmp_path, "Synth. Lin., ratio 1.5", "β-VAEΣ", 1e-4, 2).run_folder
    assert folder == tmp_path / "runs" / "laptop" / "synth-lin-ratio15-beta-vae-full-beta0.0001-d2-seed0"


def test_layers_of_dsprites_are_narrower_below_scale_paper(tmp_path):
    assert network_options(configuration(tmp_path))["decoder_hidden"] == [300, 300, 300]
    assert network_options(configuration(tmp_path, scale="paper"))["hidden"] == [1200, 1200]
    assert network_options(configuration(tmp_path, "MNIST"))["decoder_hidden"] == [500, 500]


def test_beta_is_divided_by_the_pixels_that_were_averaged(tmp_path):
    assert make_plan(configuration(tmp_path)).trains == {"name": "beta-vae", "beta": 1.0, "kl": "exact"}
    assert make_plan(configuration(tmp_path, scale="paper")).trains["beta"] == 4.0
    assert make_plan(configuration(tmp_path, variant="AE", beta=0.0)).trains == {"name": "ae"}


def test_only_restarts_of_the_printed_size_keep_snapshots(tmp_path):
    assert make_plan(configuration(tmp_path)).snapshots == (600, 1800)
    assert make_plan(configuration(tmp_path, latents=10)).snapshots == ()
    assert configuration(tmp_path, "Synth. Lin.", latents=2).steps == 12_000


def test_a_model_of_another_plan_is_refused(tmp_path):
    own = configuration(tmp_path, "Synth. Lin.", "AE", 0.0, 2, scale="smoke")
    assert not is_trained(own)
    train(own)
    plan = own.run_folder / "plan.json"
    plan.write_text(plan.read_text().replace('"lr": 0.05', '"lr": 0.5'))
    with pytest.raises(InputError, match=r"another plan \(lr 0\.5, now 0\.05\)"):
        is_trained(own)
