"""Seeing data as observations, and grouping rows in which one factor varies."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentassay.adapters import from_torch
from latentassay.core.errors import InputError
from latentassay.core.observations import (
    FactoredObservations,
    Observations,
    TensorObservations,
    as_float,
    as_observations,
    describe_layout,
    find_factor,
    finite,
    fit_layout,
    groups_varying,
    varying_factors,
)
from latentassay.data import FactorData, helix

CODES = arrays(np.int64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.integers(0, 3))


def brute_force(factors, factor):
    """Compare every row with every other."""
    others = [tuple(np.delete(row, factor)) for row in factors]
    groups = {key: tuple(i for i, other in enumerate(others) if other == key) for key in others}
    return {rows for rows in groups.values() if len({factors[i, factor] for i in rows}) > 1}


@given(CODES, st.data())
def test_groups_are_those_of_brute_force(factors, choice):
    factor = choice.draw(st.integers(0, factors.shape[1] - 1))
    before = factors.copy()
    groups = groups_varying(factors, factor)
    found = [tuple(sorted(rows.tolist())) for rows in groups]
    assert len(found) == len(set(found)) and set(found) == brute_force(factors, factor)
    assert np.array_equal(factors, before)


def test_groups_of_a_full_grid_are_its_traversals():
    factors = np.indices((2, 3, 4)).reshape(3, -1).T
    for factor, size in enumerate((2, 3, 4)):
        groups = groups_varying(factors, factor)
        assert len(groups) == 24 // size
        assert all(sorted(factors[rows, factor]) == list(range(size)) for rows in groups)


def test_a_limit_draws_some_groups_by_seed():
    factors = np.indices((2, 3, 40)).reshape(3, -1).T
    every = {tuple(g) for g in groups_varying(factors, 0)}
    some = [tuple(g) for g in groups_varying(factors, 0, limit=10, seed=1)]
    assert len(set(some)) == 10 and set(some) < every
    assert some == [tuple(g) for g in groups_varying(factors, 0, limit=10, seed=1)]
    assert some != [tuple(g) for g in groups_varying(factors, 0, limit=10, seed=2)]
    assert len(groups_varying(factors, 0, limit=10**6)) == len(every) == 120


@pytest.mark.parametrize("make", [lambda x: x, torch.from_numpy, lambda x: torch.from_numpy(x).T.contiguous().T])
def test_arrays_and_tensors_become_observations(make):
    x = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    seen = as_observations(make(x))
    assert isinstance(seen, Observations) and len(seen) == 6 and seen.x_shape == (3,)
    assert np.array_equal(seen.batch(np.array([5, 0])), x[[5, 0]])
    assert np.array_equal(seen.batch(torch.tensor([1])), x[[1]])


def test_what_is_a_data_set_already_stays_itself():
    data, wrapped = helix(8), TensorObservations(torch.zeros(2, 3))
    assert as_observations(data) is data and as_observations(wrapped) is wrapped
    assert isinstance(data, FactoredObservations) and not isinstance(wrapped, FactoredObservations)
    assert isinstance(data, FactorData)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (torch.zeros(4, 3, dtype=torch.uint8), "floating point, got torch.uint8.*255"),
        (np.zeros((4, 3), int), "floating point"),
        (torch.zeros(4), r"got \(4,\)"),
        (torch.zeros(1, 4), "at least 2"),
        (torch.zeros(0, 4), "at least 2"),
        (torch.full((4, 3), torch.nan), "NaN"),
        ([[1.0, 2.0]], "got list"),
        (None, "got NoneType"),
    ],
)
def test_other_data_are_refused(data, words):
    with pytest.raises(InputError, match=words):
        as_observations(data)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_finite_names_the_rows(bad):
    x = torch.zeros(5, 2, 2)
    assert finite(x, "x") is x
    x[3, 1, 0] = x[4, 0, 0] = bad
    with pytest.raises(InputError, match=r"codes holds NaN or infinite values in 2 of 5 rows \(first: row 3\)"):
        finite(x, "codes")


def test_bytes_become_floats_between_0_and_1_and_floats_pass():
    raw = torch.arange(256, dtype=torch.uint8)[:, None]
    torch.testing.assert_close(as_float(raw), torch.linspace(0, 1, 256)[:, None])
    assert raw[255, 0] == 255
    x = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    assert as_float(x) is x


def test_factors_are_found_by_name_or_number_and_those_that_vary_are_told():
    data = FactorData(np.zeros((4, 2)), np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]]), ("a", "b", "c"))
    assert find_factor(data, "b") == find_factor(data, 1) == 1 and varying_factors(data) == [1, 2]
    for wrong in ("d", 3, -1, True):
        with pytest.raises(InputError, match=f"data has no factor {wrong!r}; it has a, b, c"):
            find_factor(data, wrong)


@pytest.mark.parametrize("shape", [(1, 7, 2), (7, 2), (2, 7)])
def test_data_of_unsaid_layout_come_as_the_model_takes_them(shape):
    data = FactorData(np.random.default_rng(0).random((5, 7, 2)).astype(np.float32), np.zeros((5, 0), int))

    def encode(x):
        if x.shape[1:] != shape:
            raise ValueError("another shape")
        return x.flatten(1)[:, :3]

    model = from_torch(encode, lambda z: z.new_zeros(len(z), *shape), latent_shape=(3,))
    state = torch.get_rng_state()
    assert fit_layout(model, data).x_shape == shape
    assert torch.equal(torch.get_rng_state(), state)


def test_a_model_that_flattens_is_known_by_what_it_gives_back():
    data = FactorData(np.ones((5, 7, 2), np.float32), np.zeros((5, 0), int))
    model = from_torch(lambda x: x.flatten(1)[:, :3], lambda z: z.new_zeros(len(z), 7, 2), latent_shape=(3,))
    assert fit_layout(model, data).x_shape == (7, 2)


def test_layouts_that_were_said_and_models_that_take_none_are_left_alone():
    data = FactorData(np.ones((5, 7, 2), np.float32), np.zeros((5, 0), int))

    def encode(x):
        raise ValueError("never")

    model = from_torch(encode, lambda z: z, latent_shape=(3,))
    assert fit_layout(model, data) is data
    said = FactorData(np.ones((5, 7, 2), np.float32), np.zeros((5, 0), int), layout="lc")
    assert fit_layout(model, said) is said


def test_the_layout_that_was_taken_is_said_where_it_may_be_another():
    series = np.random.default_rng(0).random((40, 50, 3)).astype(np.float32)
    guessed, stated = (
        FactorData(series, np.zeros((40, 0), int)),
        FactorData(series, np.zeros((40, 0), int), layout="lc"),
    )
    assert (
        describe_layout(guessed, guessed)
        == "data: passed as 1×50×3, as was guessed (layout='hw'; say another by layout=)"
    )
    fitted = guessed.arrange("lc")
    assert "data: passed as 3×50, which the model takes (layout='lc';" in describe_layout(guessed, fitted)
    plain = as_observations(series)
    assert describe_layout(stated, stated) == describe_layout(plain, plain) == ""
