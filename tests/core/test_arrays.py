import warnings
from typing import NamedTuple

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.core.arrays import as_array, as_float_tensor, as_tensor, in_kind_of


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3)[:, ::-1],
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.broadcast_to(np.ones(3), (2, 3)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
)
def test_whatever_lies_oddly_in_memory_is_read_without_a_warning(array):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(as_tensor(array, "z").numpy(), array)


def test_memory_that_can_be_shared_is_shared():
    array = np.zeros(3)
    assert as_tensor(array, "z").data_ptr() == array.ctypes.data


def test_what_is_no_array_of_numbers_is_refused_by_name():
    for bad in (np.array(["a"]), np.array([None]), [[1, 2], [3]], None):
        with pytest.raises(la.InputError, match="codes must"):
            as_tensor(bad, "codes")


ODD = {
    "nested": lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.jagged),
    "sparse": lambda: torch.eye(2).to_sparse(),
    "qint8": lambda: torch.quantize_per_tensor(torch.eye(2), 0.1, 0, torch.qint8),
    "meta": lambda: torch.eye(2, device="meta"),
    "float8": lambda: torch.eye(2).to(torch.float8_e4m3fn),
    "complex64": lambda: torch.eye(2).to(torch.complex64),
}


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize("kind", ODD)
def test_tensors_of_other_things_than_dense_real_numbers_are_refused_by_what_they_are(kind):
    for read in (as_tensor, as_array, as_float_tensor):
        with pytest.raises(la.InputError, match=f"codes must be a dense tensor of real numbers, got .*{kind}"):
            read(ODD[kind](), "codes")


def test_arrays_of_other_things_than_numbers_are_refused():
    masked = np.ma.masked_less(np.array([[-1.0, 2.0], [3.0, 4.0]]), 0)
    for read in (as_tensor, as_array):
        with pytest.raises(la.InputError, match="codes must have no masked entries"):
            read(masked, "codes")
    with pytest.raises(la.InputError, match="codes must be a dense tensor of real numbers, got complex"):
        as_tensor(np.eye(2) + 0j, "codes")
    with pytest.raises(la.InputError, match="codes must be an array or tensor of one shape"):
        as_array([[1.0, 2.0], [3.0]], "codes")


def test_an_array_whose_mask_hides_nothing_is_read():
    open_mask = np.ma.masked_less(np.array([1.0, 2.0]), 0)
    assert as_tensor(open_mask, "codes").tolist() == as_array(open_mask).tolist() == [1, 2]


def test_a_tensor_that_torch_negates_only_when_it_is_read_is_read():
    imaginary = torch.tensor([1 + 2j, 3 - 4j]).conj().imag
    assert imaginary.is_neg() and as_array(imaginary).tolist() == [-2, 4]


def test_integers_are_refused_where_results_would_be_rounded():
    for bad in (torch.zeros(2, 3, dtype=torch.long), np.zeros((2, 3), dtype=int), [[0.0]], None):
        with pytest.raises(la.InputError, match="z must be a"):
            as_float_tensor(bad, "z")


class Found(NamedTuple):
    z: torch.Tensor
    parts: dict
    n: int


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ((np.ones(2),), np.ndarray),
        ((torch.ones(2),), torch.Tensor),
        ((np.ones(2), torch.ones(2)), torch.Tensor),
        (((np.ones(2), np.ones(2)), None), np.ndarray),
        (([torch.ones(2), torch.ones(2)],), torch.Tensor),
        ((None,), torch.Tensor),
    ],
)
def test_results_have_the_kind_that_went_in(given, kind):
    found = in_kind_of(Found(torch.zeros(2), {"a": (torch.ones(1), None)}, 3), *given)
    assert type(found) is Found and found.n == 3
    assert isinstance(found.z, kind) and isinstance(found.parts["a"][0], kind) and found.parts["a"][1] is None


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float32, torch.float64]
)
def test_tensors_of_any_type_become_arrays(dtype):
    x = torch.tensor([[0, 1], [2, 3]]).to(dtype)
    assert isinstance(as_array(x), np.ndarray) and as_array(x).tolist() == [[0, 1], [2, 3]]
    assert as_array(x).dtype == (np.float32 if dtype == torch.bfloat16 else as_array(x).dtype)


def test_arrays_share_memory_where_they_can():
    x, array = torch.zeros(3, requires_grad=True), np.zeros(3)
    as_array(x)[1] = 7
    assert x.tolist() == [0, 7, 0] and as_array(array) is array and as_array([1, 2]).tolist() == [1, 2]
