"""``FactorData``: layouts, lookup, views and splits, and that nothing is read or copied but what is asked for."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentassay.core.errors import InputError
from latentassay.data import FactorData

RNG = np.random.default_rng(0)


def grid(sizes):
    return np.indices(sizes).reshape(len(sizes), -1).T


def numbered(sizes=(2, 3, 4)):
    """Images whose only pixel is their row."""
    codes = grid(sizes)
    return FactorData(np.arange(len(codes), dtype=np.uint8)[:, None, None], codes, [f"f{i}" for i in range(len(sizes))])


@pytest.mark.parametrize(
    ("shape", "layout", "seen"),
    [
        ((5, 7), "vector", (7,)),
        ((5, 8, 6), "hw", (1, 8, 6)),
        ((5, 8, 6, 3), "hwc", (3, 8, 6)),
        ((5, 8, 6, 1), "hwc", (1, 8, 6)),
        ((5, 3, 8, 6), "chw", (3, 8, 6)),
        ((5, 2, 3, 4, 6), "chw", (2, 3, 4, 6)),
    ],
)
def test_every_layout_is_guessed_and_delivered_channels_first(shape, layout, seen):
    x = RNG.integers(0, 256, shape, dtype=np.uint8)
    data = FactorData(x, np.zeros((5, 1), int))
    assert (data.layout, data.x_shape) == (layout, seen)
    raw, batch = data.raw([4, 0]), data.batch([4, 0])
    expected = np.moveaxis(x, -1, 1) if layout == "hwc" else x[:, None] if layout == "hw" else x
    assert np.array_equal(raw, expected[[4, 0]]) and raw.dtype == torch.uint8 and raw.is_contiguous()
    torch.testing.assert_close(batch, torch.from_numpy(expected[[4, 0]] / np.float32(255)))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tensors_are_stores_like_arrays(dtype):
    x = torch.arange(30).reshape(5, 2, 3).to(dtype)
    data = FactorData(x, torch.tensor([[0], [1], [2], [1], [0]]), ("a",))
    plain = x.float().numpy() if dtype == torch.bfloat16 else x.numpy()
    same = FactorData(plain, np.array([[0], [1], [2], [1], [0]]), ("a",))
    assert (repr(data), data.layout) == (repr(same), same.layout) and torch.equal(data.raw([3, 0]), same.raw([3, 0]))
    assert torch.equal(data.batch(torch.tensor([3, 0])), same.batch([3, 0]))
    assert torch.equal(data.take(torch.tensor([4, 2])).batch([1]), same.batch([2]))


def test_a_tensor_shares_its_memory_and_may_be_part_of_a_graph():
    x = torch.zeros(3, 2, requires_grad=True)
    data = FactorData(x, [[0], [0], [1]])
    with torch.no_grad():
        x[2, 1] = 7
    assert data.batch([2]).tolist() == [[0.0, 7.0]]


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_labels_are_one_factor(kind):
    data = FactorData(np.zeros((4, 2), np.float32), kind([2, 0, 1, 0]), ("digit",))
    assert data.factors.tolist() == [[2], [0], [1], [0]] and data.factor_sizes == (3,)
    assert len(data.holdout(0, kind([0])).kept) == 2
    with pytest.raises(InputError, match=r"factors must have shape \(4, factors\)"):
        FactorData(np.zeros((4, 2), np.float32), kind([0, 1]))


def test_a_generator_draws_groups_and_moves_on():
    data, generator = numbered((2, 3, 4)), torch.Generator().manual_seed(1)
    first, second = ([tuple(rows) for rows in data.groups("f0", limit=4, generator=generator)] for _ in range(2))
    assert first != second
    again = data.groups("f0", limit=4, generator=torch.Generator().manual_seed(1))
    assert [tuple(rows) for rows in again] == first


def test_a_layout_that_is_said_wins_over_the_guess():
    x = np.zeros((5, 3, 8, 3), np.uint8)
    assert FactorData(x, np.zeros((5, 0), int), layout="chw").x_shape == (3, 8, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_stay_as_they_are_but_for_precision(dtype):
    x = np.array([[-3.0, 0.5], [2.0, 100.0]], dtype)
    batch = FactorData(x, np.zeros((2, 0), int)).batch([1, 0])
    assert batch.dtype == torch.float32 and batch.tolist() == [[2.0, 100.0], [-3.0, 0.5]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_by_row(bad):
    x = np.ones((6, 3), np.float32)
    x[4, 1] = bad
    data = FactorData(x, np.zeros((6, 0), int), name="mine")
    assert data.batch([0, 5]).shape == (2, 3)
    with pytest.raises(InputError, match=r"mine.*row 4"):
        data.batch([0, 4])
    with pytest.raises(InputError, match=r"mine.*row 4"):  # of the file, through any number of views
        data.take([5, 4, 0]).take([2, 1]).batch([0, 1])


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_lookup_inverts_the_codes_of_any_grid(sizes, seed):
    codes = grid(tuple(sizes))
    data = FactorData(np.zeros((len(codes), 1), np.float32), codes, factor_sizes=sizes)
    rows = np.random.default_rng(seed).integers(0, len(codes), 5)
    assert data.is_grid and np.array_equal(data.rows_of(codes[rows]), rows)


@pytest.mark.parametrize(
    "codes",
    [
        grid((2, 3))[:5],
        grid((2, 3))[::-1],
        np.zeros((6, 2), int),
        np.concatenate([grid((2, 3))[:5], [[0, 0]]]),
        np.zeros((6, 0), int),
    ],
    ids=["partial", "reversed", "constant", "repeated", "none"],
)
def test_what_is_not_a_grid_has_no_lookup(codes):
    data = FactorData(np.zeros((len(codes), 1), np.float32), codes, factor_sizes=(2, 3)[: codes.shape[1]])
    assert not data.is_grid
    with pytest.raises(InputError, match="not a full grid"):
        data.rows_of([[0, 0]])


@pytest.mark.parametrize("codes", [[[2, 0, 0]], [[0, -1, 0]], [[0, 0]], [0, 0, 0, 0]])
def test_codes_that_no_row_has_are_refused(codes):
    with pytest.raises(InputError, match=r"below \(2, 3, 4\)"):
        numbered().rows_of(codes)


def test_views_of_views_read_the_right_rows():
    data = numbered()
    view = data.take([20, 3, 7, 11]).take([3, 0]).take(np.array([1, 0, 1]))
    assert view.raw([0, 1, 2]).flatten().tolist() == [20, 11, 20]
    assert np.array_equal(view.factors, data.factors[[20, 11, 20]]) and view.factor_sizes == data.factor_sizes
    assert view.store is data.store and (view.layout, view.name, view.factor_names) == ("hw", "data", data.factor_names)


@given(st.integers(10, 300), st.integers(0, 1000))
def test_splits_are_disjoint_complete_and_seeded(n, seed):
    data = FactorData(np.arange(n, dtype=np.float32)[:, None], np.arange(n)[:, None])
    splits = data.split(seed)
    rows = [part.factors[:, 0] for part in splits]
    assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(n))
    assert all(abs(len(r) - n * share) <= 1 for r, share in zip(rows, (0.7, 0.1, 0.2), strict=True))
    assert all(np.array_equal(a, b.factors[:, 0]) for a, b in zip(rows, data.split(seed), strict=True))
    assert torch.equal(splits.test.batch([0, -1])[:, 0], torch.from_numpy(rows[2][[0, -1]]).float())


def test_another_seed_splits_otherwise_and_shares_are_obeyed():
    data = numbered((10, 10))
    assert not np.array_equal(data.split(0).test.factors, data.split(1).test.factors)
    assert [len(part) for part in data.split(0, (0.5, 0.25, 0.25))] == [50, 25, 25]


@pytest.mark.parametrize("fractions", [(0.7, 0.1, 0.1), (1.2, -0.1, -0.1), (1.0, 0.0, 0.0)])
def test_senseless_fractions_are_refused(fractions):
    with pytest.raises(InputError, match="fractions"):
        numbered().split(0, fractions)


def test_too_few_rows_to_split_are_refused():
    with pytest.raises(InputError, match="too few"):
        numbered((2,)).split()


def test_a_mapped_file_of_64_mb_is_never_copied(tmp_path):
    store = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (16_384, 64, 64))
    store[9000] = 77
    tracemalloc.start()
    data = FactorData(np.load(tmp_path / "x.npy", mmap_mode="r"), np.zeros((16_384, 1), int))
    part = data.split(0).train.take(np.arange(5000))
    part.batch(np.arange(8))
    assert (data.raw([9000]) == 77).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(part.store, np.memmap) and np.shares_memory(part.store, data.store)
    assert peak < 4 << 20


class Counted:
    """A store that remembers which rows were read."""

    def __init__(self, n):
        self.shape, self.dtype, self.read = (n, 2, 2), np.dtype(np.uint8), []

    def __getitem__(self, rows):
        self.read += np.asarray(rows).tolist()
        return np.zeros((len(rows), 2, 2), np.uint8)


def test_only_the_rows_asked_for_are_read():
    store = Counted(1000)
    data = FactorData(store, np.arange(1000)[:, None] % 7)
    part = data.take(np.arange(100, 200))
    assert len(data) == 1000 and data.x_shape == (1, 2, 2)
    repr(data), data.is_grid, data.split()
    assert store.read == []
    part.batch([5, 0])
    assert store.read == [105, 100]


def test_inputs_are_not_changed_by_batches():
    x = np.ones((3, 2), np.float32)
    FactorData(x, np.zeros((3, 0), int)).batch([0, 1]).mul_(5)
    assert (x == 1).all()


IMAGES = np.zeros((6, 4, 4), np.uint8)
CODES = np.zeros((6, 1), int)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros((0, 4)), np.zeros((0, 1), int)), "n at least 1"),
        ((np.zeros(6), CODES), r"shape \(n, \.\.\.\)"),
        ((np.zeros((6, 4), np.int64), CODES), "uint8 or float, got int64"),
        ((np.zeros((6, 4), bool), CODES), "uint8 or float, got bool"),
        ((np.array([["a"]] * 6), CODES), "uint8 or float"),
        ((IMAGES, CODES[:5]), r"shape \(6, factors\).*got \(5, 1\)"),
        ((IMAGES, CODES[:, :, None]), r"got \(6, 1, 1\)"),
        ((IMAGES, CODES + 0.5), "integer codes, got float64"),
        ((IMAGES, CODES - 1), r"'factor 0' must lie in 0\.\.-?\d+, got -1"),
        ((IMAGES, CODES + 3, ("a",), (3,)), r"'a' must lie in 0\.\.2, got 3\.\.3"),
        ((IMAGES, CODES, ("a", "b")), "1 factors, but 2 names"),
        ((IMAGES, CODES, ("a",), (1, 2)), "1 factors, but 1 names and 2 sizes"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected_and_got(arguments, words):
    with pytest.raises(InputError, match=words):
        FactorData(*arguments)


def test_it_tells_what_it_is():
    text = repr(FactorData(IMAGES, CODES + 2, ("hue",), name="mine"))
    assert text == "FactorData('mine', n=6, x_shape=(1, 4, 4), factors=[hue 3])"


def test_groups_by_name_or_number_and_unknown_factors():
    codes = np.indices((2, 3)).reshape(2, -1).T[:5]
    data = FactorData(np.zeros((5, 4), np.float32), codes, ("a", "b"), (2, 3))
    by_name = [group.tolist() for group in data.groups("a")]
    assert by_name == [[0, 3], [1, 4]] == [group.tolist() for group in data.groups(0)]
    assert len(data.groups("a", limit=1, generator=3)) == 1
    for unknown in ("c", 2):
        with pytest.raises(InputError, match="it has a, b"):
            data.groups(unknown)


def test_a_holdout_takes_every_row_with_its_values_and_no_other():
    data = numbered((2, 3, 5))
    for factor, values in (("f2", [0, 1, 3, 4]), (2, (0, 1, 3, 4)), ("f1", 2), (0, np.array([1]))):
        column = int(str(factor)[-1])
        wanted = [row for row in range(30) if data.factors[row, column] in np.ravel(values)]
        kept, held_out = data.holdout(factor, values)
        assert held_out.raw(np.arange(len(held_out))).flatten().tolist() == wanted
        assert kept.raw(np.arange(len(kept))).flatten().tolist() == [row for row in range(30) if row not in wanted]
        assert kept.factor_sizes == held_out.factor_sizes == (2, 3, 5)  # codes mean what they meant


def test_a_holdout_of_a_view_is_read_from_the_view():
    view = numbered().take([23, 5, 8, 14])
    kept, held_out = view.holdout("f0", 1)
    assert (kept.raw([0, 1]).flatten().tolist(), held_out.raw([0, 1]).flatten().tolist()) == ([5, 8], [23, 14])


@pytest.mark.parametrize(
    ("factor", "values", "words"),
    [
        ("hue", 0, "no factor 'hue'; it has f0, f1, f2"),
        (3, 0, "no factor 3"),
        (-1, 0, "no factor -1"),
        (True, 0, "no factor True"),
        ("f1", 3, r"'f1' must lie in 0\.\.2, got \[3\]"),
        ("f1", [-1, 0], r"got \[-1, 0\]"),
        ("f1", [0, 1, 2], "24 of 24 rows, so a part is empty"),
        ("f1", [], "one code or several"),
        ("f1", [0.5], "one code or several"),
        ("f1", [[0]], "one code or several"),
        ("f1", "ball", "one code or several"),
    ],
)
def test_senseless_holdouts_are_refused(factor, values, words):
    with pytest.raises(InputError, match=words):
        numbered().holdout(factor, values)


def test_a_holdout_that_no_row_has_is_refused_with_what_there_is():
    with pytest.raises(InputError, match=r"0 of 2 rows, so a part is empty; the data have \[1\]"):
        numbered().take([4, 5]).holdout("f1", 2)


def test_layouts_are_checked_and_every_axis_goes_where_it_is_said():
    x = RNG.random((5, 7, 2)).astype(np.float32)
    codes = np.zeros((5, 0), int)
    for layout, wanted in (("as is", x), ("hw", x[:, None]), ("lc", x.transpose(0, 2, 1))):
        data = FactorData(x, codes, layout=layout)
        assert data.x_shape == wanted.shape[1:] and np.array_equal(data.batch(range(5)), wanted)
        assert data.layouts == (data,)
    assert FactorData(x[..., 0], codes, layout="l").batch([3]).shape == (1, 1, 7)
    for layout, words in (("nonsense", "layout must be one of"), ("hwc", "say 'hw' or 'lc' or 'as is'")):
        with pytest.raises(InputError, match=words):
            FactorData(x, codes, layout=layout)
    assert [data.x_shape for data in FactorData(x, codes).layouts] == [(1, 7, 2), (7, 2), (2, 7)]
    assert [data.x_shape for data in FactorData(x, codes).take([1, 2]).layouts] == [(1, 7, 2), (7, 2), (2, 7)]
