"""Tables as text are read as they are, or refused by the line."""

import numpy as np
import pytest

from latentassay.core.errors import FileError, InputError
from latentassay.data import own
from latentassay.data.tables import read_table


def _table(folder, text, encoding="utf-8"):
    (folder / "a.csv").write_bytes(text.encode(encoding))
    return folder / "a.csv"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_numbers_and_labels_are_told_apart(tmp_path, mark, end):
    lines = [["z0", "z1", "kind", "label"], ["0.5", "1", "b", "3"], ["-1e3", "2", "a", "4"], ["", "3", "b", "3"]]
    found = read_table(_table(tmp_path, end.join(mark.join(line) for line in lines) + end, "utf-8-sig"))
    assert found.names == ("z0", "z1") and found.factor_names == ("kind", "label")
    np.testing.assert_array_equal(found.numbers, [[0.5, 1], [-1000, 2], [np.nan, 3]])
    assert found.factors.tolist() == [[1, 3], [0, 4], [1, 3]]
    assert "labels kind, label" in found.notes[0]


def test_a_table_without_names(tmp_path):
    found = read_table(_table(tmp_path, "1,2\n3,4\n"))
    assert found.numbers.tolist() == [[1, 2], [3, 4]] and found.names == ("column 0", "column 1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n1\n", "1 cells in line 3 and 2 in the first"),
        ("a\nx\ny\n", "no column of numbers"),
        ("a\n" + "1" * 200_000, "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, words):
    with pytest.raises(FileError, match=words):
        read_table(_table(tmp_path, text))


def test_other_encodings_and_missing_labels_are_named(tmp_path):
    with pytest.raises(FileError, match="UTF-8"):
        read_table(_table(tmp_path, "größe\n1\n", "latin-1"))
    with pytest.raises(InputError, match=r"'label' of a\.csv.*row 1"):
        read_table(_table(tmp_path, "x,label\n1,0\n2,\n"))


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_row_numbers_that_nobody_named_are_left_out(tmp_path, name):
    found = read_table(_table(tmp_path, f"{name},a,b\n0,0.5,1\n1,1.5,2\n2,2.5,4\n"))
    assert found.names == ("a", "b") and "without the first" in found.notes[0]
    assert read_table(_table(tmp_path, f"{name},a\n0,1\n7,2\n")).numbers.shape == (2, 2)  # it counts something else
    assert read_table(_table(tmp_path, "t,a\n0,1\n1,2\n")).names == ("t", "a")  # somebody named it


def test_own_data_from_a_table(tmp_path):
    data = own(_table(tmp_path, "x,y0,kind\n1,2,b\n3,4,a\n"))
    assert data.x_shape == (1,) and data.factor_names == ("y0", "kind") and data.factors.tolist() == [[2, 1], [4, 0]]
    with pytest.raises(InputError, match=r"row 1 of a holds NaN"):
        own(_table(tmp_path, "x,y\n1,2\n,4\n"))


@pytest.mark.parametrize("mark", [";", "\t"])
@pytest.mark.parametrize("header", [True, False])
def test_decimal_commas_are_numbers_where_commas_do_not_part_cells(tmp_path, mark, header):
    rows = [["1,5", "2", "red"], ["-0,25", "3,5e1", "blue, dark"]]
    lines = [mark.join(row) for row in ([["a", "b", "colour"]] if header else []) + rows]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    table = read_table(tmp_path / "x.csv")
    assert table.numbers.tolist() == [[1.5, 2.0], [-0.25, 35.0]] and table.factors.shape == (2, 1)
