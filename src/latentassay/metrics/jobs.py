"""Jobs of a panel: names of metrics with options, and functions of the caller's, checked before any is measured."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from latentassay.core.errors import InputError
from latentassay.core.signatures import bind
from latentassay.metrics.catalog import code_metrics, known_metrics, panel_metrics
from latentassay.metrics.metric import Metric, Options, ScoreOf

Choice = Iterable[str] | Mapping[str, Options | Callable[..., Any]] | None
"""Names of metrics; or names → options, and names of the caller's own → functions of codes and factors; or all."""


class Job(NamedTuple):
    """One metric to measure.

    Attributes:
        metric: which.
        options: chosen other than the defaults.
        own: whether it is a function of the caller's, which gets codes and factors and nothing else.
    """

    metric: Metric
    options: dict[str, Any]
    own: bool = False

    def key(self, name: str) -> str:
        """Name of a score: the metric's, and in brackets what was chosen other than the default.

        >>> job = Job(code_metrics()["mig"], {"bins": 10, "binning": "width"})
        >>> job.key("mig"), job._replace(options={}).key("mig")
        ('mig[bins=10, binning=width]', 'mig')
        """
        chosen = ", ".join(f"{option}={value}" for option, value in self.options.items())
        return f"{name}[{chosen}]" if chosen else name

    def __str__(self) -> str:
        """Name the metric and the file that its function is from, for a message."""
        return f"metric {self.metric.name!r} ({self.metric.file})"


def read_jobs(metrics: Choice, *, variants: bool = False) -> list[Job]:
    """Return what is to be measured, in order.

    Args:
        metrics: see ``Choice``.
        variants: also what else the field quotes under the same names.

    Raises:
        InputError: an unknown metric, an option that it does not take, options that are none, or a function under the
            name of a metric that exists.

    >>> [job.key(job.metric.name) for job in read_jobs({"irs": {"quantile": 1.0}, "mine": lambda codes, factors: 0.5})]
    ['irs[quantile=1.0]', 'mine']
    """
    if isinstance(metrics, str):
        raise InputError(f"metrics must be a list of names or a mapping, got {metrics!r}; write [{metrics!r}]")
    names = panel_metrics() if metrics is None else metrics
    chosen = metrics if isinstance(metrics, Mapping) else {name: {} for name in names}
    return [job for name, options in chosen.items() for job in _jobs(name, options, variants)]


def _jobs(name: str, options: Any, variants: bool) -> Iterator[Job]:
    if callable(options):
        bind(options, None, None, name=f"metrics[{name!r}]", fix="it is called with codes and factors")
        yield Job(_own_metric(name, options), {}, own=True)
        return
    metric = code_metrics().get(name)
    if metric is None:
        raise InputError(f"metrics must be among {', '.join(code_metrics())}, got {name}")
    if not isinstance(options, Mapping):
        kind = type(options).__name__
        raise InputError(f"metrics[{name!r}] must be its options or a function of codes and factors, got {kind}")
    for one in (options, *(metric.variants if variants else ())):
        bind(metric.function, *([None] if metric.needs == "codes" else [None, None]), name=name, **one)
        yield Job(metric, dict(one))


def _own_metric(name: str, function: Callable[..., Any]) -> Metric:
    """Describe a function of the caller's by its name and the first line of its docstring."""
    for metric in known_metrics().values():
        if name == metric.name or name in {score.name for score in metric.scores}:
            raise InputError(f"metrics[{name!r}] is a function, but {metric.file} has that name; choose another")
    doc = inspect.getdoc(function) if inspect.isroutine(function) else None
    formula = doc.strip().splitlines()[0].rstrip(".") if doc and doc.strip() else "a function of the caller's"
    return Metric(function=function, name=name, label=name, formula=formula, scores=(ScoreOf(name, name, formula),))


def read_score(job: Job, result: Any, field: str) -> float:
    """Return the number or estimate in a field of a result, or the one that is the result.

    Raises:
        InputError: it is no number, or NaN; names the metric and its file.
    """
    value = getattr(result, field, result)
    if isinstance(value, np.ndarray | np.generic | torch.Tensor) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        kind = "NaN" if isinstance(value, float) else type(value).__name__
        raise InputError(f"{job} must return a number, an Estimate, or a record whose {field!r} is one, got {kind}")
    return value
