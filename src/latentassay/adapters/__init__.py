"""Foreign models behind the door: each file here is one adapter, and says what it takes and how it opens files.

Public modules hold one ``Adapter`` each, under the name of the file; modules that help them begin with an underscore.
Packages outside add theirs by the entry-point group ``latentassay.adapters``. No reader knows these models otherwise.
"""

from typing import Any

from latentassay.adapters._adapter import Adapter, Example
from latentassay.adapters._folder import all_adapters, named, names
from latentassay.adapters._wrap import wrap

__all__ = ["Adapter", "Example", "all_adapters", "wrap"]
__all__ += [f"from_{name}" for name in names()]


def __getattr__(name: str) -> Any:
    """Return ``from_<name>`` of the adapter of that name, inside or outside."""
    adapter = named(name.removeprefix("from_")) if name.startswith("from_") else None
    if adapter is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return adapter.wraps
