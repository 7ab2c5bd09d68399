"""Numbers that users give, refused by name where they cannot be meant."""

import math
from typing import Any

from latentassay.core.errors import InputError
from latentassay.core.randomness import LARGEST


def check_counts(**counts: Any) -> None:
    """Refuse what is no positive integer.

    Raises:
        InputError: names the first that is none.

    >>> check_counts(steps=10, batch_size=0)
    Traceback (most recent call last):
      ...
    latentassay.core.errors.InputError: batch_size must be a positive integer, got 0
    """
    for name, value in counts.items():
        if not _is_integer(value) or value < 1:
            raise InputError(f"{name} must be a positive integer, got {value!r}")


def check_positive(**numbers: Any) -> None:
    """Refuse what is no positive, finite number.

    Raises:
        InputError: names the first that is none.
    """
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise InputError(f"{name} must be a positive number, got {value!r}")


def check_weights(**weights: Any) -> None:
    """Refuse what is neither zero nor a positive, finite number.

    Raises:
        InputError: names the first that is none.
    """
    for name, value in weights.items():
        if not 0 <= value < math.inf:
            raise InputError(f"{name} must be zero or a positive number, got {value!r}")


def check_seed(seed: Any) -> None:
    """Refuse what no generator takes as a seed.

    Raises:
        InputError: it is no integer from 0 to 2**63 − 1.
    """
    if not _is_integer(seed) or not 0 <= seed <= LARGEST:
        raise InputError(f"seed must be an integer from 0 to 2**63 - 1, got {seed!r}")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
