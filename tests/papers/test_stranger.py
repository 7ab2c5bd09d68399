"""A stranger's table: one file in a paper's folder, found and made by the command line with nothing else touched."""

from latentassay.papers.results import Table
from tests.strangers import Case, expect, try_in_a_copy

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


USE = """
import sys

import latentassay as la
from latentassay.cli import main

assert la.__file__.startswith(sys.argv[1]), la.__file__
for words in (["--list"], ["responses.mine", "--scale", "smoke", "--out", "."]):
    sys.argv = ["latentassay", "reproduce", *words]
    try:
        main()
    except SystemExit as done:
        assert not done.code, (words, done.code)
"""


def test_one_file_is_listed_and_made(tmp_path):
    case = Case(USE, {"src/latentassay/papers/responses/mine.py": MINE}, [str(tmp_path)])
    outcome = try_in_a_copy(tmp_path, {"use": case})["use"]
    said = expect(outcome)
    assert "responses.mine  a stranger's table of means" in said
    assert "smoke no time; laptop a moment" in said and "responses.table1" in said
    assert "Means." in said
    table = Table.from_json(outcome.folder / "responses.mine-smoke.json")
    assert table.cells[0].seeds == 3 and (outcome.folder / "responses.mine-smoke.html").exists()
