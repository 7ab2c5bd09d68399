"""Which numbers a callable refers to, and that it is called in the float type that it computes in."""

import functools

import pytest
import torch
from torch import nn

from latentassay.core.callables import AnyFloat, tensors_behind

WEIGHTS = torch.ones(2, 1, dtype=torch.float64)


class Held:
    def __init__(self):
        self.parts = {"weights": [WEIGHTS]}

    def __call__(self, values):
        return values @ self.parts["weights"][0]

    def method(self, values):
        return self(values)


def with_default(values, weights=WEIGHTS):
    return values @ weights


@pytest.mark.parametrize(
    "function",
    [
        lambda values: values @ WEIGHTS,
        lambda values: with_default(values),
        functools.partial(torch.matmul, other=WEIGHTS),
        Held(),
        Held().method,
        with_default,
    ],
)
def test_weights_are_found_wherever_they_are_kept(function):
    assert list(tensors_behind(function)) == [WEIGHTS]


def test_modules_integers_and_empty_closures_are_left_out():
    module, count = nn.Linear(2, 1), torch.ones(1, dtype=torch.long)
    assert not list(tensors_behind(lambda values: module(values) + count, torch.tanh, len))

    def early():
        found = list(tensors_behind(lambda: late))  # its variable has no value yet
        late = WEIGHTS
        return found, late

    assert early()[0] == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_that_works_is_remembered(dtype):
    types = []

    def strict(values):
        types.append(values.dtype)
        if values.dtype != dtype:
            raise ValueError("no")
        return values * 2

    function, other = AnyFloat(strict), {torch.float32: torch.float64, torch.float64: torch.float32}[dtype]
    for _ in range(2):
        assert function(torch.ones(1, dtype=other)).tolist() == [2.0]
    assert types == [other, dtype, dtype]


def test_what_fails_in_every_type_raises_its_first_error():
    def broken(values):
        raise KeyError(str(values.dtype))

    with pytest.raises(KeyError, match="float16"):
        AnyFloat(broken)(torch.ones(1, dtype=torch.float16))
