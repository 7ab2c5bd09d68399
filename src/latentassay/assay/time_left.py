"""How much of an assay is done, for a bar whose time left holds: learnt from what questions made of their shares."""

import time
from collections.abc import Sequence

BEFORE = 0.5
"""Weight of the guess, before any question was answered, that questions use all that they may."""


class TimeLeft:
    """Learns which part of their shares questions use, and looks ahead.

    Args:
        budget: seconds for everything.
        began: when the assay began.
    """

    def __init__(self, budget: float, began: float):
        self._end, self._begun = began + budget, time.perf_counter()
        self._given = self._used = 0.0

    def count(self, given: float, used: float) -> None:
        """Note that a question might have taken so many seconds, and took so many."""
        self._given, self._used = self._given + given, self._used + used

    def share_done(self, needs: Sequence[float], weights: Sequence[float]) -> float:
        """Return the share of the time that is over, where questions of these needs and weights are left.

        Args:
            needs: seconds that each needs at least.
            weights: of their shares of what is there beyond.
        """
        now = time.perf_counter()
        over, left, before = now - self._begun, self._end - now, BEFORE * (self._end - self._begun) / 10
        used, ahead = (self._used + before) / (self._given + before), 0.0
        for k, need in enumerate(needs):
            spare = max(0.0, left - sum(needs[k:]))
            takes = min(left, used * (need + spare * weights[k] / max(sum(weights[k:]), 1e-9)))
            ahead, left = ahead + takes, left - takes
        return over / (over + ahead) if over + ahead > 0 else 1.0
