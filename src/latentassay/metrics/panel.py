"""The whole panel: every metric of codes against factors, each number with the variant it is."""

import json
import time
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.core.errors import InputError
from latentassay.core.findings import Score
from latentassay.core.progress import track
from latentassay.core.storage import write_whole
from latentassay.core.units import as_units
from latentassay.metrics.arrays import codes_and_factors, vary_alone
from latentassay.metrics.catalog import known_metrics
from latentassay.metrics.disentanglement.predictors import COLUMNS, reduce_unit
from latentassay.metrics.jobs import Choice, Job, read_jobs, read_score


@dataclass(frozen=True)
class Panel:
    """Scores of one set of codes, in the order of ``METRICS``.

    Attributes:
        scores: every number with its n, seed, interval (if asked for) and definition, which ends in the variant.
        found: the full result of every metric, with its evidence, by the score's name.
        notes: what was done to factors before they were scored: labels numbered, constant columns left out.
        left_out: metrics that these codes and factors do not allow, and why.
        seconds: what each metric took.
    """

    scores: tuple[Score, ...]
    found: Mapping[str, Any]
    left_out: Mapping[str, str]
    seconds: Mapping[str, float]
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Score:
        return {score.name: score for score in self.scores}[name]

    def __iter__(self) -> Iterator[Score]:
        return iter(self.scores)

    def __str__(self) -> str:
        lines = [f"{score.label:<34} {score!s:<18} {score.definition}" for score in self.scores]
        return "\n".join([*lines, *self.notes, *(f"{name:<34} left out: {why}" for name, why in self.left_out.items())])

    def save(self, path: str | Path) -> None:
        """Write scores, what was left out and the seconds as JSON."""
        facts = {
            "scores": [asdict(score) for score in self.scores],
            "left out": dict(self.left_out),
            "seconds": dict(self.seconds),
        }
        write_whole(Path(path), (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode())


def score(
    codes: Any,
    factors: Any,
    *,
    metrics: Choice = None,
    variants: bool = False,
    units: Any = None,
    resamples: int = 0,
    seed: int = 0,
) -> Panel:
    """Measure codes against factors with the whole panel, or a part of it, and with functions of your own.

    Args:
        codes: ``(n, d)`` array or tensor; usually posterior means.
        factors: ``(n, m)`` labels of the same rows, or ``(n,)``: integer codes, names, whole floats or truth values.
            Columns that never vary are left out, and ``notes`` of the result says so.
        metrics: names of ``la.metrics.METRICS``, or a mapping from names to options, e.g. ``{"mig": {"bins": 10}}``,
            and from names of your own to functions ``f(codes, factors)`` that return a number, an ``Estimate`` or a
            record whose ``score`` is one; all of the panel where left out.
        variants: also measure what else the field quotes under the same names.
        units: groups of columns that count as one unit. MIG and DCI see the columns of a unit (of large ones the
            first principal components, 96 for all units together), the other metrics its first principal component.
        resamples: random halves for the intervals, each costs half a panel; none by default. Functions of your own say
            by an ``Estimate`` how sure they are.
        seed: seed of everything drawn.

    Returns:
        A ``Panel``; ``print`` it, or ask it by name: ``panel["mig"].value``.

    Raises:
        InputError: shapes that do not fit, NaN, factors that are no labels or of which none varies, an unknown metric
            or option, a function under the name of a metric that exists, a result that is no number, or codes of which
            no metric can say anything.

    >>> factors = np.indices((5, 4, 5)).reshape(3, -1).T
    >>> own = {"mig": {}, "units": lambda codes, factors: codes.shape[1]}
    >>> panel = score(factors.astype(float), factors, metrics=own)
    >>> [(s.name, round(s.value, 3)) for s in panel]
    [('mig', 1.0), ('units', 3)]
    """
    chosen, notes = vary_alone(factors)
    c, f = codes_and_factors(codes, chosen)
    table = _Table(*_by_units(c, units, seed), f)
    scores, found, left_out, seconds = list[Score](), dict[str, Any](), dict[str, str](), dict[str, float]()
    for job in track(read_jobs(metrics, variants=variants), "scoring"):
        key, begun = job.key(job.metric.name), time.perf_counter()
        try:
            found[key] = _measure(job, table, resamples, seed)
        except InputError as error:  # it has no answer to these codes, and the others may have
            left_out[key] = str(error)
            continue
        finally:
            seconds[key] = round(time.perf_counter() - begun, 3)
        scores += _scores(job, found[key], len(c), seed)
    if not scores:
        raise InputError(f"no metric can say anything of these codes: {'; '.join(left_out.values())}")
    return Panel(tuple(scores), found, left_out, seconds, notes)


def join_panels(panels: Iterable[Panel]) -> Panel:
    """Make one panel of several, in the order of ``METRICS``; scores of functions of the caller's come last.

    >>> factors = np.indices((5, 4, 5)).reshape(3, -1).T
    >>> apart = [score(factors.astype(float), factors, metrics=[name]) for name in ("irs", "mig")]
    >>> [found.name for found in join_panels(apart)]
    ['mig', 'irs']
    """
    panels = list(panels)
    order = [score.name for metric in known_metrics().values() for score in metric.scores]
    places = {name: place for place, name in enumerate(order)}
    scores = [score for panel in panels for score in panel]
    scores.sort(key=lambda score: places.get(score.name.partition("[")[0], len(places)))
    return Panel(
        tuple(scores),
        dict(ChainMap(*(dict(panel.found) for panel in panels))),
        dict(ChainMap(*(dict(panel.left_out) for panel in panels))),
        dict(ChainMap(*(dict(panel.seconds) for panel in panels))),
        tuple(dict.fromkeys(note for panel in panels for note in panel.notes)),
    )


class _Table(NamedTuple):
    """What metrics see of some codes and factors.

    Attributes:
        units: units as groups of columns of ``whole``; ``None`` where every column is a unit.
        whole: codes for metrics that take units.
        single: codes with one column a unit.
        factors: of the same rows.
    """

    units: list[range] | None
    whole: Float[np.ndarray, "n k"]
    single: Float[np.ndarray, "n u"]
    factors: Int[np.ndarray, "n m"]


def _by_units(
    codes: Float[np.ndarray, "n d"], units: Any, seed: int
) -> tuple[list[range] | None, Float[np.ndarray, "n k"], Float[np.ndarray, "n u"]]:
    """Units as groups of columns, codes for metrics that know units, and codes with one column a unit."""
    groups = as_units(units, codes.shape[1:]).groups
    if units is None or all(len(group) == 1 for group in groups):
        chosen = codes[:, [group[0] for group in groups]]
        return None, chosen, chosen
    most = max(1, COLUMNS // len(groups))
    parts = [reduce_unit(codes[:, list(group)], most, seed) for group in groups]
    ends = np.cumsum([0, *(part.shape[1] for part in parts)])
    several = [range(start, end) for start, end in pairwise(ends)]
    single = [reduce_unit(codes[:, list(group)], 1, seed) for group in groups]
    return several, np.concatenate(parts, 1), np.concatenate(single, 1)


def _measure(job: Job, table: _Table, resamples: int, seed: int) -> Any:
    if job.own:  # it may write to what it gets
        return job.metric.function(table.single.copy(), table.factors.copy())
    options = {"resamples": resamples, "generator": seed, **job.options}
    if not job.metric.takes_units:
        return job.metric(table.single, table.factors, **options)
    return job.metric(table.whole, table.factors, **({"units": table.units} if table.units else {}) | options)


def _scores(job: Job, result: Any, n: int, seed: int) -> Iterator[Score]:
    """Every score of a result, with the interval that its estimate has."""
    variant, source = getattr(result, "variant", ""), job.metric.source
    words = f"{variant} ({source})" if variant and source else variant or source
    for part in job.metric.scores:
        value = read_score(job, result, part.field)
        yield Score.of(
            job.key(part.name),
            part.label,
            value,
            "; ".join(word for word in (part.formula, words) if word),
            n=getattr(result, "n", None) or n,
            seed=seed,
            unit=job.metric.unit,
        )
