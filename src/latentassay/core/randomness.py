"""Where randomness comes from: a generator, or the number that one is made from; never anything global."""

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Generator

from latentassay.core.errors import InputError

LARGEST = 2**63 - 1
"""What a torch generator takes as a seed, at most."""


def as_generator(generator: Any = 0) -> Generator:
    """Return a CPU generator: the one given, which draws on from where it is, or a new one with this seed.

    Raises:
        InputError: neither a ``torch.Generator`` nor an integer from 0 on.

    >>> torch.rand(1, generator=as_generator(3)).equal(torch.rand(1, generator=as_generator(3)))
    True
    """
    return generator if isinstance(generator, Generator) else Generator().manual_seed(_number(generator))


def as_seed(generator: Any = 0) -> int:
    """Return a seed for numpy: the number given, or one drawn from the generator, which moves on.

    Raises:
        InputError: neither a ``torch.Generator`` nor an integer from 0 on.

    >>> as_seed(7), 0 <= as_seed(as_generator(7)) <= LARGEST
    (7, True)
    """
    if isinstance(generator, Generator):
        return int(torch.randint(LARGEST, (), generator=generator, device=generator.device))
    return _number(generator)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let torch's global CPU state, which initial weights are drawn from, begin at a seed; leave it as it was found.

    >>> with seeded(0):
    ...     first = torch.rand(1)
    >>> with seeded(0):
    ...     torch.rand(1).equal(first)
    True
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed every GPU, too
        yield


def _number(seed: object) -> int:
    try:
        number = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(f"generator must be a torch.Generator or an integer seed, got {seed!r}") from None
    if not 0 <= number <= LARGEST:
        raise InputError(f"a seed must be an integer from 0 on, got {number}")
    return number
