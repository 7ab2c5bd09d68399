"""``interval`` of a metric's result, as it was called before scores were estimates; what people wrote reads it."""

from typing import TypeVar

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import Interval

Record = TypeVar("Record", bound=type)


def keeps_interval(record: Record, *, field: str = "score") -> Record:
    """Give a record with an estimate in ``field`` the ends of its interval under the older name, for reading only.

    >>> from typing import NamedTuple
    >>> @keeps_interval
    ... class Result(NamedTuple):
    ...     score: Estimate
    >>> Result(Estimate(0.5, low=0.4, high=0.7)).interval, Result(Estimate(0.5)).interval
    (Interval(low=0.4, high=0.7), None)
    """

    def interval(result: object) -> Interval | None:
        """Ends of the 95 % interval, or ``None`` where none was asked for; read ``.low`` and ``.high`` instead."""
        score: Estimate = getattr(result, field)
        return None if score.low is None or score.high is None else Interval(score.low, score.high)

    record.interval = property(interval)  # type: ignore[attr-defined]
    return record
