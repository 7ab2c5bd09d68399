"""Cells, tables, and what becomes of them in files."""

import json
import pickle

import numpy as np
import pytest
from pydantic import ValidationError

from latentassay.core.errors import CheckpointError
from latentassay.papers.results import Cell, Table, over_seeds, row_over_seeds, share_of_seeds

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7 * 7 }}[red]'


def table(name="a", **changes):
    cells = (
        over_seeds(name, "CDS", [0.5, 0.6, 0.7], scale="smoke", paper=0.44),
        over_seeds(name, "SS", [-3e-4], scale="smoke", paper=36, paper_half=2),
        over_seeds("b", "CDS", [], scale="smoke", paper=0.2),
        share_of_seeds("b", "SS", [True, True, True, False], scale="smoke"),
    )
    words = {"title": name, "what": name, "scale": {name: name}, "cells": cells, "notes": (name,)}
    return Table(**{**words, **changes})


def test_means_have_students_interval_and_keep_their_values():
    cell = over_seeds("a", "b", [1.0, 2.0, 3.0], scale="smoke", paper=1)
    half = 4.302653 / np.sqrt(3)  # t at 97.5 % for 2 degrees of freedom
    assert (cell.ours, cell.seeds, cell.values, cell.paper) == (2.0, 3, (1.0, 2.0, 3.0), 1.0)
    assert (cell.low, cell.high) == pytest.approx((2 - half, 2 + half), rel=1e-6)


def test_what_cannot_be_known_is_not_made_up():
    one, none = (over_seeds("a", "b", values, scale="smoke", paper=36, paper_half=2) for values in ([0.5], []))
    assert (one.low, one.high, str(one)) == (None, None, "0.5")
    assert (none.ours, none.seeds, str(none), none.published) == (None, 0, "not measured", "36 ± 2")
    assert over_seeds("a", "b", [1], scale="smoke").published == ""
    with pytest.raises(ValidationError):
        Cell(row="a", column="b", ours=0.5, seeds=0, scale="smoke")
    with pytest.raises(ValidationError):
        Cell(row="a", column="b", ours=float("nan"), seeds=1, scale="smoke")


def test_verdicts_and_shares_read_as_such():
    yes = Cell(row="a", column="b", ours=1.0, seeds=1, scale="smoke", unit="yes or no")
    assert (str(yes), str(yes.model_copy(update={"ours": 0.0}))) == ("yes", "no")
    share = share_of_seeds("a", "b", [True] * 9 + [False], scale="smoke")
    assert share.ours == 0.9 and 0.59 < share.low < 0.6 and str(share) == "90 (60 to 98) %"


def test_rows_and_columns_keep_their_order():
    made = table()
    assert (made.rows, made.columns) == (("a", "b"), ("CDS", "SS"))
    assert made.cell("b", "CDS").paper == 0.2 and made.cell("c", "CDS") is None


def test_json_comes_back_as_it_was(tmp_path):
    made = table(EVIL)
    made.to_json(tmp_path / "deep" / "t.json")
    assert Table.from_json(tmp_path / "deep" / "t.json") == made
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["t.json"]


@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (b"", "is empty"),
        (b"{", "is damaged"),
        (pickle.dumps({}), "pickle"),
        (json.dumps({"title": "t"}).encode(), "what"),
        (json.dumps({**json.loads(table().to_json()), "run": "rm"}).encode(), "run"),
        (table().to_json().replace('"smoke"', "7", 1).encode(), "scale"),
    ],
)
def test_damaged_json_is_refused(tmp_path, payload, cause):
    (tmp_path / "t.json").write_bytes(payload)
    with pytest.raises(CheckpointError, match=cause):
        Table.from_json(tmp_path / "t.json")


def test_missing_json_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        Table.from_json(tmp_path / "t.json")


def test_a_row_has_a_cell_for_every_column_beside_what_the_paper_prints():
    seeds = [{"MIG": 0.5, "DCI": 0.2}, {"MIG": 0.7}]
    columns, paper = ("MIG", "DCI", "SAP"), {"MIG": 0.4, "DCI": (0.3, 0.1), "SAP": None}
    row = list(row_over_seeds("VAE", columns, seeds, scale="smoke", paper=paper))
    assert [(cell.row, cell.column, cell.values) for cell in row] == [
        ("VAE", "MIG", (0.5, 0.7)),
        ("VAE", "DCI", (0.2,)),
        ("VAE", "SAP", ()),
    ]
    assert [cell.published for cell in row] == ["0.4", "0.3 ± 0.1", ""]
    assert row == [
        over_seeds("VAE", "MIG", [0.5, 0.7], scale="smoke", paper=0.4),
        over_seeds("VAE", "DCI", [0.2], scale="smoke", paper=0.3, paper_half=0.1),
        over_seeds("VAE", "SAP", [], scale="smoke"),
    ]
    assert list(row_over_seeds("VAE", columns, seeds, scale="smoke", paper=paper, skip_empty=True)) == row[:2]


def test_rows_that_share_no_column_are_blocks_of_their_own():
    places = [("a", "x"), ("b", "y"), ("a", "z"), ("c", "w"), ("d", "y"), ("d", "w")]
    cells = tuple(over_seeds(row, column, [1.0], scale="smoke") for row, column in places)
    table = Table(title="t", what="w", scale={}, cells=cells)
    assert [(block.rows, block.columns) for block in table.blocks] == [
        (("a",), ("x", "z")),
        (("b", "c", "d"), ("y", "w")),
    ]
    assert sum(len(block.cells) for block in table.blocks) == len(cells)
    assert Table(title="t", what="w", scale={}, cells=cells[:1]).blocks[0].rows == ("a",)
