"""The VAEs of GEO: which there are, and how long they train."""

from latentassay.papers.experiment import Options
from latentassay.papers.geometry.configurations import SCALES, list_configurations, make_plan


def test_scales_keep_what_they_say():
    for scale in SCALES.values():
        assert set(scale.snapshots) <= set(range(1, scale.epochs + 1)) and 1.0 in scale.alphas


def test_every_model_has_a_folder_of_its_own(tmp_path):
    grid = list_configurations(Options("laptop", tmp_path))
    per_seed = 5 * 3 + 3 + 5  # the paper's grid, α = 1 by samples, and another activation with the fewest latents
    assert len({one.run_folder for one in grid}) == len({(one.label, one.seed) for one in grid}) == len(grid)
    assert len(grid) == 3 * per_seed and sum(one.is_main for one in grid) == 3 * 15
    assert [one.seed for one in grid[::per_seed]] == [0, 1, 2] and sum(one.is_vae for one in grid) == 3 * (3 + 1)
    assert grid[0].run_folder == tmp_path / "runs" / "laptop" / "mnist-alpha0-k30-seed0"
    assert grid[0].steps_per_epoch == 600


def test_variants_train_what_their_labels_say(tmp_path):
    plans = {one.label: make_plan(one) for one in list_configurations(Options("laptop", tmp_path, seeds=1))}
    vae, sampled = plans["α = 1, k = 30"], plans["α = 1 by samples, k = 30"]
    assert (vae.alpha, vae.samples) == (None, 1) and (sampled.alpha, sampled.samples) == (1.0, 10)
    tanh = plans["α = 0.5, k = 30, tanh"]
    assert (tanh.activation, tanh.alpha) == ("tanh", 0.5) and plans["α = 0.5, k = 30"].activation == "relu"


def test_a_long_scale_trains_two_hundred_epochs_and_every_model_is_probed_at_its_end(tmp_path):
    for name in ("long", "gpu"):
        grid = list_configurations(Options(name, tmp_path))
        assert SCALES[name].epochs >= 200 and 30 in SCALES[name].latents
        assert all(one.probed[-1] == SCALES[name].epochs for one in grid)
