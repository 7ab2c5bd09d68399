"""Several training loops that take turns in one process, so that whatever else the machine does meets them alike.

Each loop runs in a thread of its own and says at the top of every step that a step begins; only one of them moves at a
time, and the time between two such moments is its own. On a GPU a turn is many steps, and its queue is emptied before
and after: within a turn nothing waits that would not wait in training.
"""

import math
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import Any, NamedTuple

import torch

Step = Callable[[], None]
Loop = Callable[[Step], Any]
"""A training loop; it calls what it is given at the top of every step."""


class Turn(NamedTuple):
    """What one turn took: wall and processor seconds, and the GPU's greatest memory in bytes."""

    wall: float
    cpu: float
    memory: int


class Turns:
    """Turns of several loops; the first holds what comes before the first step, the second the first ``stride`` steps.

    Args:
        loops: by name.
        stride: steps in a turn.
        device: what the loops run on.
    """

    def __init__(self, loops: dict[str, Loop], *, stride: int, device: torch.device):
        self._loops, self._stride, self._cuda = loops, stride, device.type == "cuda"
        self._ring = list(loops)
        self._gates = {name: Semaphore(0) for name in loops}
        self._steps = dict.fromkeys(loops, 0)
        self._begun = (0.0, 0.0)
        self.turns: dict[str, list[Turn]] = {name: [] for name in loops}

    def run(self) -> dict[str, Any]:
        """Run all loops to their ends, and return what they returned."""
        with ThreadPoolExecutor(len(self._loops)) as pool:
            futures = {name: pool.submit(self._thread, name) for name in self._loops}
            self._gates[self._ring[0]].release()
            return {name: future.result() for name, future in futures.items()}

    def _thread(self, name: str) -> Any:
        self._gates[name].acquire()
        self._open()
        try:
            answer = self._loops[name](lambda: self._step(name))
            self._close(name)
            return answer
        finally:
            after = self._next(name)
            self._ring.remove(name)
            if self._ring:
                self._gates[after].release()

    def _step(self, name: str) -> None:
        place = self._steps[name] % self._stride
        self._steps[name] += 1
        if place == 0:
            self._close(name)
            self._gates[self._next(name)].release()
            self._gates[name].acquire()
            self._open()

    def _next(self, name: str) -> str:
        return self._ring[(self._ring.index(name) + 1) % len(self._ring)]

    def _open(self) -> None:
        if self._cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        self._begun = (time.perf_counter(), time.process_time())

    def _close(self, name: str) -> None:
        memory = 0
        if self._cuda:
            torch.cuda.synchronize()
            memory = torch.cuda.max_memory_allocated()
        wall, cpu = self._begun
        self.turns[name].append(Turn(time.perf_counter() - wall, time.process_time() - cpu, memory))


def compared(ours: list[Turn], theirs: list[Turn], clock: str) -> dict[str, Any]:
    """The median of paired ratios, its 95 % interval from order statistics, and the ratio of the sums."""
    pairs = [(getattr(a, clock), getattr(b, clock)) for a, b in zip(ours, theirs, strict=True)]
    ratios = sorted(a / b for a, b in pairs)
    edge = max(0, math.floor((len(ratios) - 1.96 * len(ratios) ** 0.5) / 2))
    return {
        "ratio": round(statistics.median(ratios), 3),
        "interval": [round(ratios[edge], 3), round(ratios[-1 - edge], 3)],
        "ratio_of_sums": round(sum(a for a, _ in pairs) / sum(b for _, b in pairs), 3),
    }
