"""Every experiment by its name, collected from the papers' folders, and one function that makes one."""

import pkgutil
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import matplotlib

from latentassay import papers
from latentassay.core.errors import ContractError, InputError
from latentassay.core.storage import replacing, write_whole
from latentassay.papers.experiment import Experiment, Options
from latentassay.papers.page import Picture, render
from latentassay.papers.results import Table
from latentassay.plots.style import figure_of

DPI = 200
"""Dots per inch of figures written as PNG."""

KINDS = ("png", "svg")
"""Kinds of files that figures are written as."""

RECORD = "EXPERIMENT"
"""What a module calls the experiment that it offers."""


class Reproduction(NamedTuple):
    """What ``reproduce`` made: the table, and the files it wrote."""

    table: Table
    files: tuple[Path, ...]


@cache
def experiments() -> tuple[Experiment, ...]:
    """Return every experiment of the papers' folders, in the order of their names."""
    return collect(papers)


def collect(package: ModuleType) -> tuple[Experiment, ...]:
    """Return the ``EXPERIMENT`` of every module of a package that has one, in the order of their names.

    Raises:
        ContractError: an ``EXPERIMENT`` is of another type, or two modules take the same name; says which files.
    """
    found: dict[str, tuple[Experiment, ModuleType]] = {}
    for place in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = import_module(place.name)
        record = getattr(module, RECORD, None)
        if record is None:
            continue
        if not isinstance(record, Experiment):
            raise ContractError(
                f"{module.__file__}: {RECORD} must be a latentassay.papers.experiment.Experiment, got "
                f"{type(record).__name__}; wrap it in one, or give it another name"
            )
        if record.name in found:
            other = found[record.name][1]
            raise ContractError(
                f"{module.__file__} and {other.__file__} both call an experiment {record.name!r}; rename one of them"
            )
        found[record.name] = (record, module)
    return tuple(found[name][0] for name in sorted(found))


def experiment(name: str) -> Experiment:
    """Return an experiment by its name.

    Raises:
        InputError: there is none; says which are near.

    >>> experiment("responses.table1").costs["laptop"]
    'about an hour on two cores'
    """
    for known in experiments():
        if known.name == name:
            return known
    names = [known.name for known in experiments()]
    near = get_close_matches(name.lower(), names, 3, 0.4) or names
    raise InputError(f"no experiment is called {name!r}; did you mean {', '.join(near)}?")


def reproduce(name: str, options: Options) -> Reproduction:
    """Make an experiment and write its table as JSON and HTML and its figures as PNG and SVG.

    Args:
        name: of one of ``experiments()``.
        options: scale, folder, seeds, data and device; everything goes to ``options.folder``, and trainings that are
            done there are not done again.

    Raises:
        InputError: an unknown name, scale or data set; no seeds; a folder that holds runs of other settings.
        ContractError: the experiment makes something else than a table.
        FileError: something cannot be read or written.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    chosen, folder = experiment(name), options.folder
    chosen.check(options)
    table: object = chosen.make(options)  # an outsider's function may return anything
    if not isinstance(table, Table):
        raise ContractError(f"make of the experiment {name!r} must return a Table, got {type(table).__name__}")
    table = table.model_copy(update={"command": _describe_command(name, options)})
    pictures = chosen.draw(options) if chosen.draw else []
    stem = f"{name}-{options.scale}"
    table.to_json(folder / f"{stem}.json")
    write_whole(folder / f"{stem}.html", render(table, pictures).encode())
    drawn = [_save(picture, folder / f"{stem}-{picture.name}.{kind}") for picture in pictures for kind in KINDS]
    return Reproduction(table, (folder / f"{stem}.json", folder / f"{stem}.html", *drawn))


def parse_folders(pairs: Sequence[str]) -> dict[str, Path]:
    """Read ``name=folder`` words.

    Raises:
        InputError: a word is of another form.

    >>> parse_folders(["mnist=data/mnist"])["mnist"].name
    'mnist'
    """
    parts = [pair.partition("=") for pair in pairs]
    if wrong := [name for name, sign, folder in parts if not (name and sign and folder)]:
        raise InputError(f"--data takes NAME=FOLDER such as mnist=data/mnist, got {', '.join(map(repr, wrong))}")
    return {name: Path(folder).expanduser() for name, _, folder in parts}


def _describe_command(name: str, options: Options) -> str:
    """Return the command line of an experiment; folders of data are left to the reader."""
    seeds = "" if options.seeds is None else f" --seeds {options.seeds}"
    data = "".join(f" --data {each}=FOLDER" for each in options.data)
    return f"latentassay reproduce {name} --scale {options.scale}{seeds}{data}"


def _save(picture: Picture, path: Path) -> Path:
    """Write a figure in one piece; the same figure gives the same file."""
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    with replacing(path) as part, matplotlib.rc_context({"svg.hashsalt": picture.name}):
        figure_of(picture.figure).savefig(part, format=path.suffix[1:], dpi=DPI, metadata=metadata)
    return path
