"""Learning rates that change: a schedule is a function of the step alone, so a resumed run needs nothing more."""

import math
from collections.abc import Callable

from latentassay.core.errors import InputError

Schedule = Callable[[int], float]


def cosine(lr: float | int, steps: int) -> Schedule:
    """Fall from ``lr`` to 0 along half a cosine: ``lr · ½ (1 + cos(π · step / steps))`` (Loshchilov & Hutter 2017).

    The weights come to rest, where a constant rate leaves them jittering around a minimum.

    Raises:
        InputError: ``lr`` or ``steps`` is not positive.

    >>> [round(cosine(1e-2, 4)(step), 4) for step in range(5)]
    [0.01, 0.0085, 0.005, 0.0015, 0.0]
    """
    if not 0 < lr < math.inf or steps < 1:
        raise InputError(f"cosine needs a positive lr and at least one step, got {lr} and {steps}")
    return lambda step: 0.5 * lr * (1 + math.cos(math.pi * min(step, steps) / steps))


def halved(lr: float | int, *, every: int) -> Schedule:
    """Halve the rate every so many steps: ``lr · 2^−⌊step / every⌋`` (IC A.3).

    Raises:
        InputError: ``lr`` or ``every`` is not positive.

    >>> [halved(1e-2, every=2)(step) for step in range(5)]
    [0.01, 0.01, 0.005, 0.005, 0.0025]
    """
    if not 0 < lr < math.inf or every < 1:
        raise InputError(f"halved needs a positive lr and at least one step between, got {lr} and {every}")
    return lambda step: lr * 0.5 ** (step // every)
