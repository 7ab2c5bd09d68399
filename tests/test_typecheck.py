"""Types are checked while tests run: always at the first calls of a function in a test, at times after many."""

import pytest
import torch
import typecheck
from beartype.roar import BeartypeCallHintParamViolation
from jaxtyping import Float, TypeCheckError, jaxtyped
from torch import Tensor

import latentassay as la


def refused(function, *values):
    """How often a function refuses to be called so."""
    count = 0
    for value in values:
        try:
            function(value)
        except (BeartypeCallHintParamViolation, TypeCheckError):
            count += 1
    return count


def test_first_calls_are_checked_in_every_test():
    @typecheck.check
    def takes(number: float) -> None:
        pass

    assert refused(takes, *["one"] * (typecheck.FIRST + 10)) == typecheck.FIRST
    typecheck.begin_test()
    assert refused(takes, "one") == 1 and refused(takes, 1, 1.0) == 0  # an int is as good as a float


def test_a_function_that_was_called_often_is_passed_over_until_the_next_test():
    for _ in range(typecheck.FIRST + 2):
        la.sampling.central(torch.ones(2, 2))
    assert la.sampling.central in typecheck.unchecked
    typecheck.begin_test()
    assert not typecheck.unchecked and refused(la.sampling.central, "two") == 1


def test_shapes_and_results_are_checked():
    @jaxtyped(typechecker=typecheck.check)
    def add(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        return (a + b)[: len(a) if a[0] > 0 else 1]

    add(torch.ones(3), torch.ones(3))
    with pytest.raises(TypeCheckError, match="parameters"):
        add(torch.ones(3), torch.ones(1))
    with pytest.raises(TypeCheckError, match="return value"):
        add(-torch.ones(3), torch.ones(3))


def test_functions_of_the_package_are_checked():
    with pytest.raises(TypeCheckError, match=r"'factor'|'n'"):
        la.sampling.uniform(torch.ones(2, 2), "two")
