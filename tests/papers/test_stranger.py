"""A stranger's table: one file in a paper's folder, found and made by the command line with nothing else touched."""

import shutil
import subprocess
import sys

import pytest

from conftest import ROOT
from latentassay.papers.results import Table

MINE = '''
"""How far the mean of so many normal values is from zero."""

import torch

from latentassay.papers.experiment import Experiment, Options, pick_scale
from latentassay.papers.results import Table, over_seeds

SCALES = {"smoke": 10, "laptop": 1000}


def make_table(options: Options) -> Table:
    """Draw the values of every seed and average them."""
    n, seeds = pick_scale(SCALES, options.scale), range(options.count_seeds(3))
    values = [float(torch.randn(n, generator=torch.Generator().manual_seed(seed)).mean()) for seed in seeds]
    cell = over_seeds("normal", "mean", values, scale=options.scale, paper=0.0)
    return Table(title="Mine", what="Means.", scale={"values": str(n)}, cells=(cell,))


EXPERIMENT = Experiment(
    name="responses.mine",
    summary="a stranger's table of means",
    costs={"smoke": "no time", "laptop": "a moment"},
    make=make_table,
)
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package with one file more."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "latentassay", folder / "latentassay", ignore=ignored)
    (folder / "latentassay" / "papers" / "responses" / "mine.py").write_text(MINE)
    return folder


def run(copy, *arguments):
    # From the copy's folder, which stands before any installed package in the path of `python -m`.
    command = [sys.executable, "-m", "latentassay", "reproduce", *map(str, arguments)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_file_is_listed_and_made(copy, tmp_path):
    listed = run(copy, "--list")
    assert "responses.mine  a stranger's table of means" in listed
    assert "smoke no time; laptop a moment" in listed and "responses.table1" in listed
    assert "Means." in run(copy, "responses.mine", "--scale", "smoke", "--out", tmp_path)
    table = Table.from_json(tmp_path / "responses.mine-smoke.json")
    assert table.cells[0].seeds == 3 and (tmp_path / "responses.mine-smoke.html").exists()
