"""The models of chapter 4: weights, folders, and the pool."""

from latentassay.papers.experiment import Options
from latentassay.papers.thesis.perturbed.configurations import (
    VARIANTS,
    _build_objective,
    list_configurations,
    list_pool,
)
from latentassay.papers.thesis.perturbed.perturbation import TABLE_4_2
from latentassay.papers.thesis.perturbed.scales import SCALES


def test_weights_are_those_of_the_text():
    scale = SCALES["paper"]
    assert _build_objective("β-VAE", scale, 100).beta == 8 and _build_objective("TC-VAE", scale, 100).beta == 6
    assert _build_objective("TC-VAE", scale, 100).alpha == 1 and set(scale.methods) == set(TABLE_4_2)


def test_every_method_data_set_and_seed_has_a_folder_of_its_own(tmp_path):
    grid = list_configurations(Options("paper", tmp_path))
    assert len({one.run_folder for one in grid}) == len(grid) == 10 * 4 * 3
    assert [one.data for one in grid[:3]] == list(VARIANTS) and [one.seed for one in grid[::12]] == list(range(10))


def test_the_pool_is_of_vaes_on_the_original(tmp_path):
    pool = list_pool("laptop", tmp_path)
    assert {(one.method, one.data) for one in pool} == {("β-VAE", "original")} and len(pool) == 8
    assert pool[0].run_folder == tmp_path / "runs" / "laptop" / "β-VAE-original-seed0"
