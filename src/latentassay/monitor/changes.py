"""What became worse while a model trained, beyond doubt and by more than is negligible; everything here is pure.

An assay is compared with the best one before it. As there are many assays in a run, every interval is widened so that
a run in which nothing changes is warned of falsely in at most one of twenty cases, however many assays there are.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import NamedTuple

from latentassay.assay.ledger import LIVE
from latentassay.assay.questions.holes import BOUNDS as HOLES
from latentassay.assay.wording import name_units
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.levels import Bounds, grade
from latentassay.monitor.reading import Reading, Unit

FALSE_WARNINGS = 0.05
"""Share of runs without a change in which one kind of warning may come, at most."""

FALL = Bounds(
    0.0, 0.1, 0.25, "share of a change of a unit, root mean squared, that came back before and does no longer"
)
"""How far the response of a unit may fall."""

GROWTH = Bounds(
    0.0,
    HOLES.negligible - HOLES.null,
    HOLES.serious - HOLES.null,
    "share of samples that fall in holes now and did not",
)
"""How far holes may grow: less than thrice what data have is negligible, a tenth of all samples is serious."""


class Change(NamedTuple):
    """Something that became worse between two assays of a run.

    Attributes:
        key: ``"collapse"``, ``"death"`` or ``"holes"``.
        sentence: in words, with its numbers.
        step: of the assay that it was seen in.
        since: step of the assay that is compared with.
        subjects: units that it is about.
        estimate: by how much; its interval is widened for the number of comparisons of the run.
        bounds: what is negligible and what is serious.
    """

    key: str
    sentence: str
    step: int
    since: int
    subjects: tuple[str, ...]
    estimate: Estimate
    bounds: Bounds


def widening(comparisons: int, k: int) -> float:
    """Return z for the ``k``-th assay of a run with so many comparisons: error 0.05 / (k (k + 1)), shared by them.

    The errors of all k add up to 0.05, as Σ 1 / (k (k + 1)) = 1.

    >>> round(widening(1, 1), 2), round(widening(1, 10), 2)
    (2.24, 3.51)
    """
    error = FALSE_WARNINGS / (k * (k + 1) * max(1, comparisons))
    return NormalDist().inv_cdf(1 - error / 2)


def difference(after: Estimate, before: Estimate, *, z: float = Z95) -> Estimate:
    """Return ``after − before`` with its interval, from the intervals of both.

    The lower end is ``d − √((after − after.low)² + (before.high − before)²)``, the upper one likewise, which needs no
    symmetry (Zou and Donner 2008, MOVER); both halves are widened by ``z / 1.96``. Both are taken as independent, which
    is too wide where they were measured on the same rows.

    >>> difference(Estimate(0.3, stderr=0.03), Estimate(0.1, stderr=0.04))
    0.200 ± 0.098
    """
    value = float(after) - float(before)
    down = math.hypot(_half(after, "low"), _half(before, "high")) * z / Z95
    up = math.hypot(_half(after, "high"), _half(before, "low")) * z / Z95
    return Estimate(value, low=value - down, high=value + up)


def _half(estimate: Estimate, end: str) -> float:
    at = getattr(estimate, end)
    return 0.0 if at is None else abs(float(estimate) - at)


def find_changes(readings: Sequence[Reading], now: Reading, warned: Sequence[Change] = ()) -> tuple[Change, ...]:
    """Return what is worse now than at the best of the readings before.

    Args:
        readings: of the run so far, in order.
        now: the newest.
        warned: what was said before; what was is said once, so that holes, or units, are compared from there on.
    """
    holes = max((change.step for change in warned if change.key == "holes"), default=0)
    units = max((change.step for change in warned if change.key != "holes"), default=0)
    found = (
        _grown_holes([reading for reading in readings if reading.step >= holes], now, len(readings)),
        *_fallen_units([reading for reading in readings if reading.step >= units], now, len(readings)),
    )
    return tuple(change for change in found if change is not None)


def _grown_holes(readings: Sequence[Reading], now: Reading, k: int) -> Change | None:
    past = [(reading, reading.holes) for reading in readings if reading.holes is not None]
    if now.holes is None or not past:
        return None
    best, least = min(past, key=lambda pair: pair[1].high if pair[1].high is not None else float(pair[1]))
    grown = difference(now.holes, least, z=widening(len(past), k))
    if grade(grown, GROWTH) not in ("note", "warning") or grade(now.holes, HOLES) in ("good", "note"):
        return None
    sentence = (
        f"Holes grow: {now.holes.scaled(100)} % of samples fall in holes at step {now.step}, "
        f"{least.scaled(100)} % did at step {best.step} (1 % would be as good as data)."
    )
    return Change(
        key="holes",
        sentence=sentence,
        step=now.step,
        since=best.step,
        subjects=(),
        estimate=grown,
        bounds=GROWTH,
    )


def _fallen_units(readings: Sequence[Reading], now: Reading, k: int) -> list[Change | None]:
    """Units that were alive and collapse or are dead, where fewer are alive than surely were before."""
    past = [(reading, reading.alive) for reading in readings if reading.alive is not None]
    if now.alive is None or not past:
        return []
    best, most = max(past, key=lambda pair: (pair[1].low or 0.0, pair[0].step))
    if (now.alive.high if now.alive.high is not None else float(now.alive)) >= (most.low or 0.0):
        return []  # as many live as before; others have taken over what these held
    z = widening(len(past) * len(now.units), k)
    before = {unit.label: unit for unit in best.units if unit.state in LIVE}
    pairs = [(unit, before[unit.label]) for unit in now.units if unit.label in before]
    return [
        _fallen("collapse", [pair for pair in pairs if _is_collapsing(*pair)], _collapse_words, best, now, z),
        _fallen("death", [pair for pair in pairs if pair[0].state == "dead"], _death_words, best, now, z),
    ]


def _is_collapsing(now: Unit, before: Unit) -> bool:
    """Whether noise takes the place of the data in a code; on the way there a unit is faint for a while."""
    falls = before.signal - now.signal > FALL.serious
    return now.state == "collapsed" or (now.state in ("faint", "encoder-blind") and falls)


def _fallen(
    key: str,
    pairs: Sequence[tuple[Unit, Unit]],
    words: Callable[[str, Reading, Reading], str],
    best: Reading,
    now: Reading,
    z: float,
) -> Change | None:
    """Say which of some units, given as they are and as they were, return less of a change than before."""
    falls = {after.label: difference(before.response, after.response, z=z) for after, before in pairs}
    fallen = {label: fall for label, fall in falls.items() if grade(fall, FALL) in ("note", "warning")}
    if not fallen:
        return None
    # What is said is said of all of them, so by the one that fell least surely.
    least = min(fallen.values(), key=lambda fall: fall.low or 0.0)
    labels = tuple(fallen)
    sentence = words(name_units(labels), best, now)
    return Change(
        key=key,
        sentence=sentence,
        step=now.step,
        since=best.step,
        subjects=labels,
        estimate=least,
        bounds=FALL,
    )


def _counts(best: Reading, now: Reading) -> str:
    return f"{now.alive} of {len(now.units)} units are alive at step {now.step}, {best.alive} were at step {best.step}"


def _collapse_words(named: str, best: Reading, now: Reading) -> str:
    return (
        f"Posterior collapse begins: noise takes the place of the data in the codes of {named}. {_counts(best, now)}."
    )


def _death_words(named: str, best: Reading, now: Reading) -> str:
    return f"Units die: the decoder no longer uses {named}. {_counts(best, now)}."
