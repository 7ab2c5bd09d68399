"""Data sets by name: look one up, load it, or fetch its official files."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from latentassay.core.errors import InputError
from latentassay.core.signatures import bind
from latentassay.data import files
from latentassay.data.entries import ENTRIES, Entry
from latentassay.data.factors import FactorData
from latentassay.data.own import is_own, own
from latentassay.data.perturbed import load_perturbed
from latentassay.data.perturbed_folder import is_perturbed


def names() -> tuple[str, ...]:
    """Return the names of all data sets.

    >>> names()[:4]
    ('helix', 'squares', 'squares-nonlinear', 'digits')
    """
    return tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """Return what is known of a data set.

    Raises:
        InputError: for an unknown name; says which are near.
    """
    for known in ENTRIES:
        if known.name == name:
            return known
    near = get_close_matches(name.lower(), names(), 3, 0.4) or names()
    raise InputError(
        f"no data set is called {name!r}; did you mean {', '.join(near)}? "
        "Data of your own are loaded by their path: a folder of pictures, .npy, .npz, .h5, .hdf5 or .h5ad"
    )


def load(name: str | Path, **options: Any) -> FactorData:
    """Load a data set by its name, the user's own data by their path (see ``own``), or the folder of a perturbed set.

    Args:
        name: one of ``names()``, or the path of a folder of pictures or of a file that ``own`` reads, or of a folder
            that ``perturb`` wrote; a folder that is called like a data set is meant by ``./name``.
        options: what the data set, or ``own``, takes, such as ``folder=`` or ``size=``.

    Raises:
        InputError: for an unknown name or option, or observations of a wrong type.
        FileError: if a file is missing, damaged or another one.

    >>> load("helix", n=16)
    FactorData('helix', n=16, x_shape=(3,), factors=[strand 2])
    """
    loader = _loader(name)
    bind(loader, name=str(name), **options)
    return loader(**options)


def _loader(name: str | Path) -> Callable[..., FactorData]:
    """Find what loads a name; a path is that of own data, or of a perturbed set."""
    if (isinstance(name, str) and name in names()) or not is_own(name):
        return entry(str(name)).load
    return partial(load_perturbed if is_perturbed(name) else own, name)


def fetch(name: str) -> list[Path]:
    """Download the official files of a data set into ``home()/name``, verified; return where they are.

    Raises:
        InputError: for an unknown name, or data that need no files or cannot be downloaded without a person.
        FileError: if the download fails; says what to get, where, and where to put it.
    """
    found, folder = entry(name), files.home() / name
    if not found.needs_files:
        raise InputError(f"{name} needs no files: it is made when loaded")
    if found.page is not None:
        wanted = ", ".join(file.name for file in found.files)
        raise InputError(f"{name} is given out by hand only: get it from {found.page} and put {wanted} in {folder}")
    return [files.fetch(file, folder) for file in found.files]
