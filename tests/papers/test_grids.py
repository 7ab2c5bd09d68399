"""Groups of models, and measuring those that are not measured."""

from pathlib import Path
from typing import NamedTuple

from latentassay.papers.grids import group_by, measure_missing, run_folder


class Configuration(NamedTuple):
    scale: str
    folder: Path
    seed: int

    @property
    def run_folder(self):
        return run_folder(self.folder, self.scale, f"seed{self.seed}")


def leave(configuration):
    configuration.run_folder.mkdir(parents=True)


def test_groups_keep_the_order_of_first_appearance():
    assert list(group_by([3, 1, 4, 1, 5, 9, 2, 6], lambda n: n % 2).items()) == [(1, [3, 1, 1, 5, 9]), (0, [4, 2, 6])]


def test_only_what_is_missing_is_measured(tmp_path, one_process):
    grid = [Configuration("smoke", tmp_path, seed) for seed in range(3)]
    leave(grid[1])
    measured = []
    measure_missing(lambda one: measured.append(one.seed), lambda one: one.run_folder.exists(), grid)
    assert measured == [0, 2]


def test_models_are_measured_in_processes_of_their_own(tmp_path):
    measure_missing(leave, lambda one: one.run_folder.exists(), [Configuration("smoke", tmp_path, 7)])
    assert (tmp_path / "runs" / "smoke" / "seed7").is_dir()
