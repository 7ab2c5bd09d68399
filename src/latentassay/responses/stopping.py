"""When to stop: measurements go in growing rounds until the answer is precise enough or the time is spent."""

import time

from latentassay.core.errors import InputError


class Stopping:
    """Decides the size of every round of a sequential measurement.

    Without ``precision`` and ``budget`` there is one round over everything. With either, rounds start small and grow
    by half of what has been done, so that little is measured in vain and few looks are taken at the intervals
    (each look is a chance to stop too early).

    Args:
        precision: half-width of a 95 % interval, relative to the size of what is measured, that is good enough.
        budget: seconds after which no further round begins; the first always runs.

    Raises:
        InputError: either is not a positive number.
    """

    def __init__(self, precision: float | int | None, budget: float | int | None):
        for name, value in (("precision", precision), ("budget", budget)):
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name} must be a positive number or None, got {value}")
        self.precision, self.budget = precision, budget
        self._began, self._passes = time.perf_counter(), 0

    @property
    def in_rounds(self) -> bool:
        """Whether the measurement may end before everything was measured."""
        return self.precision is not None or self.budget is not None

    def count(self, passes: int) -> None:
        """Note that so many decodings and encodings were made."""
        self._passes += passes

    def next_round(self, done: int, total: int, *, first: int, least: int, cost: int) -> int:
        """Return how many more items to measure, ``cost`` passes each; 0 where the budget allows none.

        With a budget the first round has only ``first`` items, to learn how long one takes. No other is smaller than
        ``least``, the number before which no interval is trusted anyway.
        """
        if not self.in_rounds:
            return total - done
        if done < least:
            wanted = first if self.budget is not None and not done else least - done
        else:
            wanted = max(least, done // 2)
        wanted = min(wanted, total - done)
        if self.budget is None or not self._passes:
            return wanted
        spent = time.perf_counter() - self._began
        affordable = (self.budget - spent) / (spent / self._passes * cost)
        return max(0, min(wanted, int(affordable)))

    def is_precise(self, half_width: float, size: float) -> bool:
        """Tell whether an interval of this half-width is good enough for something of this size."""
        return self.precision is not None and half_width <= self.precision * size
