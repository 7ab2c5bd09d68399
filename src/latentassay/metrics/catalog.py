"""Which metrics there are: every decorated function in the files of ``disentanglement`` and ``quality``."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from latentassay.core.errors import FileError
from latentassay.metrics.metric import Metric, metric_of

FOLDERS = ("disentanglement", "quality")


@cache
def known_metrics() -> Mapping[str, Metric]:
    """Return every metric by name, in the order of the table: by ``order``, and by name where that is equal.

    Raises:
        FileError: two files use one name.

    >>> list(known_metrics())[:3], known_metrics()["mig"].needs
    (['mig', 'dcimig', 'dci'], 'factors')
    """
    return collect(import_module(f"latentassay.metrics.{folder}") for folder in FOLDERS)


def code_metrics() -> Mapping[str, Metric]:
    """Return the metrics that read codes: those that a panel may be asked for."""
    return MappingProxyType({name: metric for name, metric in known_metrics().items() if metric.needs != "samples"})


def panel_metrics() -> Mapping[str, Metric]:
    """Return the metrics that a panel holds where none are named."""
    return MappingProxyType({name: metric for name, metric in code_metrics().items() if metric.panel})


def collect(folders: Iterable[ModuleType]) -> Mapping[str, Metric]:
    """Return the metrics that the modules of some packages define, whichever module imports them besides.

    Raises:
        FileError: two files use one name for a metric or for one of its scores.
    """
    found = sorted((m for folder in folders for m in _of_folder(folder)), key=lambda m: (m.order, m.name))
    owners: dict[str, Metric] = {}
    for metric in found:
        for name in dict.fromkeys((metric.name, *(score.name for score in metric.scores))):
            if name in owners and owners[name] is not metric:
                first, second = sorted((owners[name], metric), key=lambda m: (m.order, str(m.file)))
                cause = f"calls a metric {name!r}, as {first.file} does already"
                raise FileError(second.file, cause, "Give it another name.")
            owners[name] = metric
    return MappingProxyType({metric.name: metric for metric in found})


def _of_folder(folder: ModuleType) -> Iterator[Metric]:
    for file in iter_modules(folder.__path__, f"{folder.__name__}."):
        module = import_module(file.name)
        for value in vars(module).values():
            metric = metric_of(value)
            if metric is not None and metric.function.__module__ == module.__name__:
                yield metric
