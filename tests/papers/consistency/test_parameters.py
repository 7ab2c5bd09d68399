"""Sizes and counts of IC's networks beside its tables 3 and 4."""

from pathlib import Path

from latentassay.papers.consistency.parameters import EXPERIMENT, PARAMETERS, SIZE_COLUMNS
from latentassay.papers.experiment import Options


def test_counts_are_the_printed_ones_but_for_five_that_are_explained():
    table = EXPERIMENT.make(Options("paper", Path("unused")))
    counts = {cell.row: cell.ours - cell.paper for cell in table.cells if cell.column == PARAMETERS}
    assert len(counts) == 21
    assert {row: apart for row, apart in counts.items() if apart} == {
        "S, SAE": -1011.0,
        "v32, XAE": 496.0,
        "v324, XAE": 496.0,
        "v32, XVAE": 496.0,
        "v324, XVAE": 496.0,
    }
    sizes = [cell for cell in table.cells if cell.column in SIZE_COLUMNS]
    assert len(sizes) == 15
    assert {(cell.row, cell.column, cell.ours) for cell in sizes if cell.ours != cell.paper} == {
        ("S", "depth", 6.0),
        ("S4", "depth", 6.0),
    }
