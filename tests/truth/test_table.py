from latentassay.truth.plants import kinds
from latentassay.truth.results import summarise
from latentassay.truth.runs import run, tasks
from latentassay.truth.table import grids, markdown


def test_tables_say_who_named_what_and_who_blamed_whom():
    chosen = kinds(("collapsed unit",))
    bench = summarise(chosen, run(tasks(chosen, seeds=1, diagnosers=("kl",), repeats=0)), seeds=1, seconds=1.0)
    named, blamed = grids(bench)
    (row,) = named.rows
    assert row[0] == "collapsed unit"
    assert row[4] == "100 (21–100)"
    assert blamed.columns == ("clean", "n", "kl", "of")
    assert blamed.rows == (("clean vectors", "1", "0 (0–79)", "–"),)
    text = markdown(bench)
    assert "| collapsed unit | 0.05, 0.01, 0 (share of variance that is data) |" in text
    assert [line for line in text.splitlines() if line[:2] == "**"] == [f"**{grid.title}**" for grid in grids(bench)]
