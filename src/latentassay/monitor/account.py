"""How much of the time belongs to the monitor: a share of what training took, less what was spent."""

import time
from collections.abc import Callable

from latentassay.core.errors import InputError

LEAST = 0.25
"""Seconds of budget under which an assay answers little; it waits until so many are saved."""

OVERRUN = 1.5
"""What the first assay is taken to cost over its budget, which is kept about, not exactly."""

REMEMBERED = 3
"""Assays whose cost over their budget is remembered; the greatest counts."""


class Account:
    """Time that was trained, time that was spent on assays, and what may be spent now.

    An assay may begin where ``share × trained − spent`` pays for it, so that at the end of every assay that keeps to
    what is expected of it ``spent ≤ share × trained``; one that took longer is paid off before the next.

    Args:
        share: of the time of training, in (0, 1].
        most: seconds of budget of one assay, at most.
        clock: seconds that only grow.

    Raises:
        InputError: ``share`` is no such number.

    >>> now = iter([0.0, 100.0, 101.0]).__next__
    >>> account = Account(0.02, most=30.0, clock=now)
    >>> account.train(), account.budget()
    (None, 0.0)
    >>> account.train(), round(account.budget(), 3)
    (None, 1.333)
    >>> account.pay(account.budget()), round(account.spent, 3), account.budget()
    (None, 1.0, 1.0)
    """

    def __init__(self, share: float, *, most: float, clock: Callable[[], float] = time.perf_counter):
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise InputError(f"share must be a number above 0 and up to 1, such as 0.02, got {share!r}")
        self.share, self.trained, self.spent = float(share), 0.0, 0.0
        self._most, self._clock = most, clock
        self._last: float | None = None
        self._overruns: list[float] = []

    def train(self) -> None:
        """Count what passed since the last call, of this or of ``pay``, as time of training."""
        now = self._clock()
        self.trained += 0.0 if self._last is None else now - self._last
        self._last = now

    def elapsed(self) -> float:
        """Return the seconds since the last call of ``train`` or ``pay``."""
        return 0.0 if self._last is None else self._clock() - self._last

    def pay(self, budget: float) -> None:
        """Count what passed since the last call of ``train`` as spent on an assay of this budget."""
        now = self._clock()
        cost = 0.0 if self._last is None else now - self._last
        self.spent, self._last = self.spent + cost, now
        self._overruns = [*self._overruns, max(1.0, cost / budget)][-REMEMBERED:]

    def budget(self) -> float:
        """Return the seconds that an assay may be given now; 0 where it has to wait."""
        affordable = (self.share * self.trained - self.spent) / max(self._overruns, default=OVERRUN)
        return min(affordable, self._most) if affordable >= LEAST else 0.0
