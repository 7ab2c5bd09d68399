"""Which adapters there are: the public modules of this folder, and the entry points of packages outside."""

import functools
import pkgutil
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from latentassay.adapters._adapter import Adapter
from latentassay.core.errors import FileError, InputError, LatentAssayError, first_line

GROUP = "latentassay.adapters"
"""Entry points of this group name an ``Adapter``; an entry point is called as its adapter is."""


class Known(NamedTuple):
    """An adapter and where it comes from: a file, or an installed distribution."""

    adapter: Adapter
    origin: Path | str


class Strangers(NamedTuple):
    """Adapters of packages outside, and why others of them cannot be used."""

    known: tuple[Known, ...]
    errors: tuple[LatentAssayError, ...]


def names() -> list[str]:
    """Return the names of the adapters in this folder; nothing is imported.

    >>> "diffusers" in names()
    True
    """
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return [module.name for module in found if not module.name.startswith("_")]


@functools.cache
def inside() -> tuple[Known, ...]:
    """Return the adapters of this folder.

    Raises:
        FileError: a file without an adapter, or one that claims the name or a package of another.
    """
    known: list[Known] = []
    for name in names():
        known.append(_from_file(name, known))
    return tuple(known)


def outside(name: str | None = None) -> Strangers:
    """Load the adapters of packages outside: all of them, or those of one name."""
    own, known, errors = inside(), list[Known](), list[LatentAssayError]()
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        if name in (None, entry.name):
            try:
                known.append(_from_entry(entry, [*own, *known]))
            except LatentAssayError as error:
                errors.append(error)
    return Strangers(tuple(known), tuple(errors))


def outside_names() -> list[str]:
    """Return the names of the adapters of packages outside; none of them is imported."""
    return sorted({entry.name for entry in entry_points(group=GROUP)} - set(names()))


def named(name: str) -> Adapter | None:
    """Return the adapter of one name, inside or outside, or ``None``; nothing else is imported.

    Raises:
        FileError: the one of this folder cannot be used.
        InputError: the one outside cannot be used.
    """
    if name in names():
        return _from_file(name, ()).adapter
    strangers = outside(name)
    if strangers.errors:
        raise strangers.errors[0]
    return strangers.known[0].adapter if strangers.known else None


def all_adapters() -> tuple[Adapter, ...]:
    """Return every adapter, those of this folder first.

    Raises:
        FileError: one of this folder cannot be used.
        InputError: one outside cannot be used.
    """
    strangers = outside()
    if strangers.errors:
        raise strangers.errors[0]
    return tuple(known.adapter for known in (*inside(), *strangers.known))


def _from_file(name: str, others: Sequence[Known]) -> Known:
    origin = Path(__file__).with_name(f"{name}.py")
    try:
        module = import_module(f"latentassay.adapters.{name}")
    except InputError as error:  # an Adapter whose fields are not of their kind; other errors are the file's own
        raise _refusal(
            origin, f"holds no adapter that can be used ({error})", "See latentassay.adapters.Adapter."
        ) from error
    found = _adapters_in(module)
    if len(found) != 1:
        raise _refusal(origin, f"holds {len(found)} adapters", "It needs one; modules that help begin with _.")
    if found[0].name != name:
        taken = f", which is that of {found[0].name}.py" if found[0].name in names() else ""
        raise _refusal(origin, f"calls its adapter {found[0].name!r}{taken}", f"Call it {name!r}, like the file.")
    return _unclaimed(Known(found[0], origin), others)


def _adapters_in(module: ModuleType) -> list[Adapter]:
    return list({id(value): value for value in vars(module).values() if isinstance(value, Adapter)}.values())


def _from_entry(entry: EntryPoint, others: Sequence[Known]) -> Known:
    origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
    try:
        found = entry.load()
    except Exception as error:  # a stranger's module may fail in any way, and must not take others with it
        cause = (
            f"brings an adapter {entry.name!r} that cannot be imported ({type(error).__name__}: {first_line(error)})"
        )
        raise _refusal(origin, cause, "Repair or uninstall it.") from error
    if not isinstance(found, Adapter):
        cause = f"brings {entry.name!r}, which is a {type(found).__name__}"
        raise _refusal(origin, cause, "Its entry point must name an instance of latentassay.adapters.Adapter.")
    if found.name != entry.name:
        raise _refusal(
            origin, f"calls an adapter {found.name!r}, but its entry point {entry.name!r}", "Call both alike."
        )
    return _unclaimed(Known(found, origin), others)


def _unclaimed(new: Known, others: Sequence[Known]) -> Known:
    """Refuse an adapter that claims what another has claimed: which of them is meant could not be told."""
    for other in others:
        both = sorted(set(new.adapter.packages) & set(other.adapter.packages))
        cause = f"claims the classes of {', '.join(both)}, which {other.origin} has claimed" if both else None
        if new.adapter.name == other.adapter.name:
            cause = f"claims the word {new.adapter.name!r}, which {other.origin} has claimed"
        if cause is not None:
            raise _refusal(new.origin, cause, "Choose another, or remove one of them.")
    return new


def _refusal(origin: Path | str, cause: str, fix: str) -> LatentAssayError:
    """Name the file in which a mistake is, or the distribution that brings it."""
    return FileError(origin, cause, fix) if isinstance(origin, Path) else InputError(f"{origin} {cause}. {fix}")
