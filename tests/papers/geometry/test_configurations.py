"""The VAEs of GEO: which there are, and how long they train."""

from latentassay.papers.experiment import Options
from latentassay.papers.geometry.configurations import SCALES, list_configurations


def test_scales_keep_what_they_say():
    for scale in SCALES.values():
        assert set(scale.snapshots) <= set(range(1, scale.epochs + 1)) and 1.0 in scale.alphas


def test_every_model_has_a_folder_of_its_own(tmp_path):
    grid = list_configurations(Options("laptop", tmp_path))
    assert len({one.run_folder for one in grid}) == len(grid) == 3 * 5 * 3
    assert [one.seed for one in grid[::15]] == [0, 1, 2] and sum(one.is_vae for one in grid) == 9
    assert grid[0].run_folder == tmp_path / "runs" / "laptop" / "mnist-alpha0-k30-seed0"
    assert grid[0].steps_per_epoch == 600
