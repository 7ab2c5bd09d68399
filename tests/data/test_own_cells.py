"""AnnData files of the present and of old layouts, written here by hand as their specification says."""

import h5py
import numpy as np
import pytest
import torch
from scipy import sparse

from latentassay.core.errors import FileError, InputError
from latentassay.data.own import own

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(0.4, (100, 7)).astype(np.float32)
LABELS = RNG.integers(0, 3, 100).astype(np.int8)


def write_sparse(file, name, matrix, *, old=False, form="csr"):
    group, stored = file.create_group(name), getattr(sparse, f"{form}_matrix")(matrix)
    for part in ("data", "indices", "indptr"):
        group[part] = getattr(stored, part)
    group.attrs["h5sparse_format" if old else "encoding-type"] = np.bytes_(form) if old else f"{form}_matrix"
    group.attrs["h5sparse_shape" if old else "shape"] = matrix.shape
    return group


def write_categories(obs, name):
    group = obs.create_group(name)
    group["codes"], group["categories"] = LABELS, [b"B", b"NK", b"T"]


@pytest.fixture
def path(tmp_path):
    """Scaled X, log-normalised raw, counts in a layer."""
    with h5py.File(tmp_path / "cells.h5ad", "w") as file:
        file["X"] = (COUNTS - COUNTS.mean(0)) / COUNTS.std(0)
        write_sparse(file, "raw/X", np.log1p(COUNTS))
        write_sparse(file, "layers/counts", COUNTS)
        write_sparse(file, "layers/columns", COUNTS, form="csc")
        file["obsm/X_pca"] = RNG.standard_normal((100, 2)).astype(np.float32)
        write_categories(file.create_group("obs"), "kind")
        file["obs/depth"], file["obs/words"] = COUNTS.sum(1), [b"a", b"b"] * 50
    return tmp_path / "cells.h5ad"


@pytest.fixture
def old(tmp_path):
    """As anndata 0.6 wrote: raw.X at the top, obs as one table."""
    with h5py.File(tmp_path / "old.h5ad", "w") as file:
        file["X"] = COUNTS - 1
        write_sparse(file, "raw.X", COUNTS, old=True)
        table = np.zeros(100, [("index", "S4"), ("kind", "i1")])
        table["kind"] = LABELS
        file["obs"] = table
    return tmp_path / "old.h5ad"


def test_matrices_by_their_keys(path):
    rows = [99, 0, 5, 5]
    for key, matrix in (("layers/counts", COUNTS), ("raw", np.log1p(COUNTS)), ("raw/X", np.log1p(COUNTS))):
        data = own(path, key=key)
        assert torch.equal(data.batch(rows), torch.from_numpy(matrix[rows])) and data.x_shape == (7,)
        assert data.batch(np.arange(100)).shape == (100, 7) and data.batch([]).shape == (0, 7)
    assert own(path, key="obsm/X_pca").x_shape == (2,)
    scaled = own(path)
    assert scaled.store.notes[0].startswith("X of the AnnData: 100 cells by 7 columns (values down to -")
    assert "as after normalising" in own(path, key="raw").store.notes[0]


def test_old_files_are_read(old):
    data = own(old, key="raw", counts=True, labels="kind")
    assert torch.equal(data.batch([3, 98]), torch.from_numpy(COUNTS[[3, 98]]))
    assert np.array_equal(data.factors[:, 0], LABELS) and data.factor_names == ("kind",)
    assert "(whole numbers from 0)" in data.store.notes[0]


@pytest.mark.parametrize(("column", "codes"), [("kind", LABELS), ("words", np.arange(100) % 2)])
def test_labels_become_a_factor(path, column, codes):
    data = own(path, labels=column)
    assert np.array_equal(data.factors[:, 0], codes) and data.factor_names == (column,)


@pytest.mark.parametrize("key", ["X", "raw"])
def test_what_is_no_count_is_refused_and_the_counts_are_named(path, key):
    with pytest.raises(InputError, match=rf"{key} of .* holds no counts \(values .*counts are in layers/counts: key="):
        own(path, key=key, counts=True)
    assert own(path, key="layers/counts", counts=True).batch([0]).dtype == torch.float32


def test_where_no_matrix_holds_counts_it_says_so(path):
    with h5py.File(path, "a") as file:
        del file["layers"]
    with pytest.raises(InputError, match="no other matrix of this file holds any"):
        own(path, counts=True)


def test_a_broken_count_far_inside_is_met_when_it_is_read(path):
    with h5py.File(path, "a") as file:
        del file["layers"]
        wrong = COUNTS.copy()
        wrong[1, 3] = 0.5  # not among the rows that are looked at
        file["X"][:] = wrong
    data = own(path, counts=True)
    assert data.batch([0, 2]).shape == (2, 7)
    with pytest.raises(InputError, match=r"values such as 0\.5"):
        data.batch([1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": "layers/none"}, "has no layers/none, only X, raw, layers/columns, layers/counts"),
        ({"labels": "none"}, "has no column 'none' of cells, only depth, kind, words"),
        ({"key": "obs"}, "obs is stored as something else"),
        ({"key": "obs/depth"}, "not a matrix of numbers"),
        ({"key": "layers/columns"}, r"stored as csc_matrix.*tocsr"),
    ],
)
def test_what_is_not_there_is_named(path, options, words):
    with pytest.raises(FileError, match=words):
        own(path, **options)


def test_decimals_are_no_labels(path):
    with pytest.raises(InputError, match=r"depth of .* with decimals \(.* in row 0\)"):
        with h5py.File(path, "a") as file:
            file["obs/depth"][0] = 0.5
        own(path, labels="depth")


@pytest.mark.parametrize("values", [LABELS * 1.0, LABELS > 0, LABELS.astype(np.uint16)])
def test_labels_follow_the_rules_of_every_door(path, values):
    with h5py.File(path, "a") as file:
        file["obs/other"] = values
    assert np.array_equal(own(path, labels="other").factors[:, 0], values.astype(int))


def test_labels_that_are_missing_are_named_by_their_row(path):
    with h5py.File(path, "a") as file:
        file["obs/kind/codes"][17] = -1
        group = file.create_group("obs/nullable")
        group["values"], group["mask"] = LABELS, np.arange(100) == 3
    for column, words in (("kind", "row 17"), ("nullable", "masked")):
        with pytest.raises(InputError, match=words):
            own(path, labels=column)


def test_files_that_anndata_writes_itself(tmp_path):
    anndata, pandas = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    words = np.array(["B", "NK", "T"])[LABELS]
    obs = pandas.DataFrame({"kind": pandas.Categorical(words), "words": words, "number": LABELS * 1.0})
    obs.index = obs.index.astype(str)
    anndata.AnnData(X=COUNTS, obs=obs).write_h5ad(tmp_path / "x.h5ad")
    for column in obs:
        assert np.array_equal(own(tmp_path / "x.h5ad", labels=column).factors[:, 0], LABELS)


@pytest.mark.parametrize(
    ("part", "values", "words"),
    [
        ("indptr", np.arange(101) * 9, "rows do not end where its values do"),
        ("indptr", np.zeros(3, int), "rows do not end"),
        ("indices", None, "names columns that do not exist"),
    ],
)
def test_damaged_sparse_matrices_are_refused(path, part, values, words):
    with h5py.File(path, "a") as file:
        group = file["layers/counts"]
        values = np.full(len(group["indices"]), 7) if values is None else values
        del group[part]
        group[part] = values
    with pytest.raises(FileError, match=words):
        own(path, key="layers/counts")


def test_truncated_files_are_refused(path):
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FileError, match="not a readable"):
        own(path)
    with pytest.raises(FileError, match="missing"):
        own(path.parent / "none.h5ad")


def _csr(path, data, indices, indptr, shape=(3, 4)):
    with h5py.File(path, "w") as file:
        group = file.create_group("X")
        group["data"], group["indices"] = np.float32(data), np.int32(indices)
        group["indptr"] = np.int64(indptr)
        group.attrs["encoding-type"], group.attrs["shape"] = "csr_matrix", shape
    return path


def test_repeated_columns_sum_as_in_scipy(tmp_path):
    parts = [1, 2, 4, 8, 16], [2, 2, 0, 3, 3], [0, 3, 3, 5]
    data = own(_csr(tmp_path / "a.h5ad", *parts))
    wanted = sparse.csr_matrix((parts[0], parts[1], parts[2]), shape=(3, 4)).toarray()
    assert data.store[[0, 1, 2]].tolist() == wanted.tolist() == [[4, 0, 3, 0], [0, 0, 0, 0], [0, 0, 0, 24]]
    assert data.store[[2, 0, 2]].tolist() == wanted[[2, 0, 2]].tolist()
    assert data.store[[-1]].tolist() == wanted[[-1]].tolist()


@pytest.mark.parametrize(
    ("indptr", "data"),
    [([1, 3, 3, 5], 5), ([0, 4, 3, 5], 5), ([0, 3, 3, 4], 5), ([0, 3, 3, 6], 5), ([-1, 3, 3, 5], 5), ([0, 3, 5], 5)],
)
def test_rows_that_do_not_tile_the_values_are_refused(tmp_path, indptr, data):
    path = _csr(tmp_path / "a.h5ad", np.ones(data), np.arange(data) % 4, indptr)
    with pytest.raises(FileError, match="its rows do not end where its values do"):
        own(path)


def test_fewer_columns_than_values_are_refused(tmp_path):
    with pytest.raises(FileError, match="its rows do not end where its values do"):
        own(_csr(tmp_path / "a.h5ad", np.ones(5), [0, 1, 2], [0, 3, 3, 5]))
