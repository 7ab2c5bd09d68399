"""Rows of each batch, a pure function of seed and step."""

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor


class Sampler:
    """Cut an endless stream of shuffled epochs into batches.

    Step ``s`` takes the places ``[s·b, (s+1)·b)`` of the stream, so every row is seen equally often, a batch may
    span two epochs, and a batch larger than the data holds rows more than once. Nothing is kept between steps but
    the shuffling of the epoch at hand, so a run resumes from its step alone.

    >>> sampler = Sampler(n=4, batch_size=2, seed=0)
    >>> sorted(torch.cat([sampler.rows(0), sampler.rows(1)]).tolist())
    [0, 1, 2, 3]
    """

    def __init__(self, n: int, batch_size: int, seed: int):
        self._n, self._batch_size, self._seed = n, batch_size, seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def rows(self, step: int) -> Int[Tensor, " batch"]:
        """Return the rows of one step's batch."""
        place, end, parts = step * self._batch_size, (step + 1) * self._batch_size, []
        while place < end:
            epoch, offset = divmod(place, self._n)
            parts.append(self._shuffle(epoch)[offset : offset + end - place])
            place += len(parts[-1])
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _shuffle(self, epoch: int) -> Int[Tensor, " n"]:
        if epoch != self._epoch:
            # Of seed and epoch alone, so that any epoch can be shuffled without those before it.
            order = np.random.default_rng((self._seed, epoch)).permutation(self._n)
            self._epoch, self._order = epoch, torch.from_numpy(order)
        return self._order
