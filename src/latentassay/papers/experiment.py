"""A table or figure of a paper that can be made again, and the options to make it with."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from latentassay.core.errors import InputError
from latentassay.papers.page import Picture
from latentassay.papers.results import Table

T = TypeVar("T")

LONG = "weeks on two cores, hours on a GPU"
"""What most experiments cost at scale paper."""


class Options(NamedTuple):
    """Options to make an experiment with.

    Attributes:
        scale: how much is trained and measured, one of the experiment's own: smoke, laptop, paper …
        folder: where runs, scores and pictures are kept; what is there is not done again.
        seeds: how many seeds, from the first on; as many as the scale has where ``None``.
        data: name of a data set → folder with its files, where they are not in the cache.
        device: cpu, cuda …; auto leaves the choice to the experiment.
    """

    scale: str
    folder: Path
    seeds: int | None = None
    data: Mapping[str, str | Path] = MappingProxyType({})
    device: str = "auto"

    def count_seeds(self, usual: int) -> int:
        """Return the number of seeds, ``usual`` where the options leave it out.

        Raises:
            InputError: fewer than one.

        >>> Options("smoke", Path("out")).count_seeds(3), Options("smoke", Path("out"), seeds=1).count_seeds(3)
        (3, 1)
        """
        if self.seeds is not None and self.seeds < 1:
            raise InputError(f"seeds must be at least 1, got {self.seeds}")
        return usual if self.seeds is None else self.seeds

    def folder_of(self, data_set: str) -> Path | None:
        """Return the folder with the files of a data set, if the options name one."""
        return Path(self.data[data_set]) if data_set in self.data else None

    def require_cpu(self) -> None:
        """Refuse another device where small models train side by side, a process for each.

        Raises:
            InputError: the device is neither cpu nor auto.
        """
        if self.device not in ("auto", "cpu"):
            raise InputError(f"these models train on the cpu, several at a time, got device {self.device!r}")


class Experiment(NamedTuple):
    """A table or figure of a paper that can be made again.

    A module anywhere below ``latentassay.papers`` whose ``EXPERIMENT`` is one of these is found by the command line.

    Attributes:
        name: paper and what of it, e.g. ``"responses.table1"``.
        summary: one line about it.
        costs: scale → what it takes.
        make: options → its table. Raises ``InputError`` on options that do not fit, ``FileError`` where files of data
            are not there, and ``KeyboardInterrupt`` on Ctrl-C, when all that was done is kept.
        draw: options → its figures, from the same runs.
        files: data sets that need files, and what stays empty without them, in words.
        data_sets: those whose files ``--data`` may name.
    """

    name: str
    summary: str
    costs: Mapping[str, str]
    make: Callable[[Options], Table]
    draw: Callable[[Options], list[Picture]] | None = None
    files: str = "nothing"
    data_sets: tuple[str, ...] = ()

    def describe_needs(self) -> str:
        """Say in one line which files it needs and what it costs."""
        costs = "; ".join(f"{scale} {words}" for scale, words in self.costs.items())
        return f"files: {self.files}. Time: {costs}."

    def check(self, options: Options) -> None:
        """Refuse options that no table of this experiment can be made with, before anything is trained.

        Raises:
            InputError: a scale it does not have, fewer than one seed, or data sets that it does not use.
        """
        pick_scale(self.costs, options.scale)
        options.count_seeds(1)
        unused = ", ".join(sorted(set(options.data) - set(self.data_sets)))
        if unused and not self.data_sets:
            raise InputError(f"{self.name} needs no files, got --data {unused}")
        if unused:
            raise InputError(f"{self.name} needs no {unused}; --data may name {', '.join(self.data_sets)}")


def pick_scale(scales: Mapping[str, T], name: str) -> T:
    """Return the scale of this name.

    Raises:
        InputError: there is none; names those there are.
    """
    if name not in scales:
        raise InputError(f"scale must be one of {', '.join(scales)}, got {name!r}")
    return scales[name]


def describe_seeds(count: int) -> str:
    """Say which seeds the first ``count`` are.

    >>> describe_seeds(1), describe_seeds(3)
    ('0', '0 to 2')
    """
    return "0" if count == 1 else f"0 to {count - 1}"
