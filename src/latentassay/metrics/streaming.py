"""A thin shell for validation loops: batches in, one result out."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np

from latentassay.core.arrays import as_array
from latentassay.core.errors import InputError

T = TypeVar("T")


class Streaming(Generic[T]):
    """Collect codes and factors batch by batch, and measure them all at once when asked.

    No metric here can be summed up batch by batch: bins, neighbours and trees need all rows. So codes are kept, as
    float32 on the CPU; a million rows of 16 latents are 64 MB.

    Args:
        metric: ``(codes, factors, **options)`` → result, such as ``la.score`` or any of ``la.metrics``.
        options: passed on.

    >>> panel = Streaming(lambda codes, factors: (codes.shape, factors.shape))
    >>> panel.update(np.zeros((3, 2)), np.zeros((3, 1), int))
    >>> panel.update(np.zeros((4, 2)), np.zeros((4, 1), int))
    >>> panel.compute()
    ((7, 2), (7, 1))
    """

    def __init__(self, metric: Callable[..., T], **options: Any):
        self._metric, self._options = metric, options
        self._batches: list[tuple[np.ndarray, np.ndarray]] = []

    def update(self, codes: Any, factors: Any) -> None:
        """Keep a batch of codes ``(n, …)``, which are flattened, and its factors ``(n, m)`` or labels ``(n,)``.

        Raises:
            InputError: the batch's lengths differ, or its shape is not that of the batches before.
        """
        c, f = as_array(codes, "codes").astype(np.float32), as_array(factors, "factors").copy()
        if c.ndim < 2 or f.ndim not in (1, 2) or len(c) != len(f):
            raise InputError(f"a batch needs codes (n, latents) and factors (n, m), got {c.shape} and {f.shape}")
        batch = c.reshape(len(c), -1).copy(), f.reshape(len(f), -1)
        if self._batches and any(a.shape[1:] != b.shape[1:] for a, b in zip(batch, self._batches[0], strict=True)):
            raise InputError(
                f"batches must be alike: got {batch[0].shape[1]} latents and {batch[1].shape[1]} factors after "
                f"{self._batches[0][0].shape[1]} and {self._batches[0][1].shape[1]}; reset() begins anew"
            )
        self._batches.append(batch)

    def compute(self) -> T:
        """Measure everything collected so far; more may follow.

        Raises:
            InputError: nothing was collected, or the metric refuses it.
        """
        if not self._batches:
            raise InputError("nothing was collected; call update(codes, factors) first")
        codes, factors = (np.concatenate(parts) for parts in zip(*self._batches, strict=True))
        return self._metric(codes, factors, **self._options)

    def reset(self) -> None:
        """Forget everything collected."""
        self._batches.clear()
