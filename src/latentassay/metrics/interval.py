"""``interval`` of a metric's result, as it was called before scores were estimates; what people wrote reads it."""

from typing import TypeVar

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import Interval

Record = TypeVar("Record", bound=type)


def keeps_interval(record: Record) -> Record:
    """Give a record whose ``score`` is an estimate the ends of its interval under the older name, for reading only.

    >>> from typing import NamedTuple
    >>> @keeps_interval
    ... class Result(NamedTuple):
    ...     score: Estimate
    >>> Result(Estimate(0.5, low=0.4, high=0.7)).interval, Result(Estimate(0.5)).interval
    (Interval(low=0.4, high=0.7), None)
    """
    record.interval = property(_interval)  # type: ignore[attr-defined]
    return record


def _interval(result: object) -> Interval | None:
    """Ends of the 95 % interval of ``score``, or ``None`` where none was asked for; read ``score.low`` instead."""
    score: Estimate = result.score  # type: ignore[attr-defined]
    return None if score.low is None or score.high is None else Interval(score.low, score.high)
