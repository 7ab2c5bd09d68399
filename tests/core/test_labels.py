"""Labels of every kind become the integers that they stand for, or are refused by the row."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.core.labels import encode_labels, refuse_row_numbers, row_numbers

Y = np.array([2, 0, 1, 2, 2, 0])
NAMES = np.array(["B", "NK", "T"])[Y]


class Column:
    """As pandas' Series and DataFrame are: an object with ``__array__``."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=object)


@pytest.mark.parametrize(
    "values",
    [
        Y,
        Y[:, None],
        Y.tolist(),
        Y.astype(np.float32),
        Y.astype(np.uint8),
        torch.from_numpy(Y),
        torch.from_numpy(Y).float(),
        torch.from_numpy(Y).bfloat16(),
        NAMES,
        NAMES[:, None],
        NAMES.tolist(),
        NAMES.astype("S2"),
        NAMES.astype(object),
        Column(NAMES),
        Column(Y),
        Column(Y * 1.0),
        (Y + 1) * 2.0**60,
        Y.astype(np.uint64) * 2**62,
    ],
)
def test_one_column_of_any_kind(values):
    found = encode_labels(values)
    assert found.codes.dtype == np.int64 and found.codes.tolist() == Y[:, None].tolist()


def test_truth_values_are_0_and_1_even_where_only_one_occurs():
    assert encode_labels([True, False, True]).codes[:, 0].tolist() == [1, 0, 1]
    assert encode_labels(np.ones(3, bool)).codes[:, 0].tolist() == [1, 1, 1]


def test_a_table_of_several_kinds_is_numbered_column_by_column():
    table = Column([["b", 1.0, True], ["a", 3.0, False], ["b", 0.0, True]])
    found = encode_labels(table)
    assert found.codes.tolist() == [[1, 1, 1], [0, 3, 0], [1, 0, 1]]
    assert len(found.notes) == 3 and "0 is 'a', 1 is 'b'" in found.notes[0]


def test_integers_are_left_alone_and_nothing_is_said():
    found = encode_labels(np.array([[7, 3], [9, 3]], np.int32))
    assert found.codes.tolist() == [[7, 3], [9, 3]] and found.notes == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.0, np.nan, 1.0], "nan in row 1"),
        ([0.0, 1.5, 1.0], r"decimals \(1\.5 in row 1\)"),
        (Column(["a", None, "b"]), "None in row 1"),
        (Column(["a", "b", float("nan")]), "nan in row 2"),
        (Column(["a", 1, "b"]), "one type, got int, str"),
        (Column([{}, 1]), "dict in row 0"),
        ([1j, 2], "must be labels"),
        (np.array(["2020-01-01"], "M8[D]"), "must be labels"),
        (np.zeros((2, 2, 2)), r"\(n, m\)"),
        ([[1], [1, 2]], "array or tensor"),
        (torch.zeros(3, device="meta"), "array or tensor"),
        (np.ma.array([1, 2], mask=[0, 1]), "masked"),
    ],
)
def test_what_is_no_label_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        encode_labels(values)


def test_row_numbers_are_known_in_any_order_and_under_any_name():
    rows = np.random.default_rng(0).permutation(500)
    for ids in (rows, rows + 10**6, np.array([f"cell {row}" for row in rows]), np.r_[rows[:490], rows[:10]]):
        codes = encode_labels(np.stack([ids, ids], 1)).codes
        assert row_numbers(codes) == [0, 1]
        with pytest.raises(InputError, match="row numbers or identifiers"):
            refuse_row_numbers(codes)
    assert row_numbers((rows % 250)[:, None]) == [] and row_numbers(np.arange(9)[:, None]) == []


def test_columns_of_pandas_itself():
    pandas = pytest.importorskip("pandas")
    for column in (Y, Y * 1.0, NAMES, NAMES.astype(object), Y > 0):
        assert encode_labels(pandas.Series(column)).codes.tolist() == encode_labels(column).codes.tolist()
    for kind in ("category", "string"):
        assert encode_labels(pandas.Series(NAMES).astype(kind)).codes[:, 0].tolist() == Y.tolist()
    assert encode_labels(pandas.Series(Y).astype("Int64")).codes[:, 0].tolist() == Y.tolist()
    table = pandas.DataFrame({"a": NAMES, "b": Y})
    assert encode_labels(table).codes.tolist() == np.stack([Y, Y], 1).tolist()
    with pytest.raises(InputError, match="row 1"):
        encode_labels(pandas.Series(["a", None, "b"]))


def test_objects_that_are_arrays_are_refused():
    ragged = np.empty(2, dtype=object)
    ragged[:] = [np.zeros(2), np.zeros(3)]
    with pytest.raises(InputError, match="must be labels, got ndarray in row 0"):
        encode_labels(ragged)
