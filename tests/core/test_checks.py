"""Numbers that cannot be meant are refused by name."""

import math

import pytest

from latentassay.core.checks import check_counts, check_positive, check_seed, check_weights
from latentassay.core.errors import InputError


def test_what_can_be_meant_is_let_through():
    check_counts(steps=1, rows=10**9)
    check_positive(lr=1e-9, rate=3)
    check_weights(beta=0, gamma=1e9)
    for seed in (0, 2**63 - 1):
        check_seed(seed)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None])
def test_counts_are_integers_from_1_on(value):
    with pytest.raises(InputError, match="rows must be a positive integer, got"):
        check_counts(steps=1, rows=value)


@pytest.mark.parametrize(
    ("check", "value", "words"),
    [
        (check_positive, 0, "lr must be a positive number"),
        (check_positive, math.inf, "lr must be a positive number"),
        (check_positive, math.nan, "lr must be a positive number"),
        (check_weights, -1e-9, "lr must be zero or a positive number"),
        (check_weights, math.nan, "lr must be zero or a positive number"),
        (check_weights, math.inf, "lr must be zero or a positive number"),
    ],
)
def test_numbers_are_finite_and_of_one_sign(check, value, words):
    with pytest.raises(InputError, match=words):
        check(lr=value)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True, "0"])
def test_seeds_are_what_a_generator_takes(seed):
    with pytest.raises(InputError, match="seed must be an integer from 0"):
        check_seed(seed)
