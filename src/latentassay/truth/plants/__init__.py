"""Planted defects, a file a family: each says what it plants, at which three sizes, and what may be said of it.

``kinds()`` names them all. A new family is one file here with its ``KINDS``, and its name in ``ORDER``.
"""

from importlib import import_module

from latentassay.core.errors import InputError
from latentassay.truth.plant import Kind, Plant

ORDER = (
    "units",
    "copies",
    "coupling",
    "codes",
    "noise",
    "inputs",
    "splits",
    "repeats",
    "factors",
    "spatial",
    "codebook",
    "trained",
    "clean",
)
"""Files of this folder, in the order of the table."""


def kinds(names: tuple[str, ...] = ()) -> tuple[Kind, ...]:
    """Return the kinds with these names, or of these families; all in order where none is named.

    Raises:
        InputError: a name that no kind and no family has; all are listed.

    >>> [kind.name for kind in kinds(("noise",))]
    ['underconfident', 'overconfident', 'overshoot', 'undershoot']
    """
    families: dict[str, tuple[Kind, ...]] = {family: import_module(f"{__name__}.{family}").KINDS for family in ORDER}
    every = {kind.name: family for family, found in families.items() for kind in found}
    if unknown := [name for name in names if name not in every and name not in families]:
        listed = "; ".join(f"{family}: {', '.join(k.name for k in found)}" for family, found in families.items())
        raise InputError(f"no kind or family of planted defects is called {', '.join(unknown)}; there are {listed}")
    return tuple(
        kind for family, found in families.items() for kind in found if not names or {kind.name, family} & set(names)
    )


def plant(kind: str, dose: int, seed: int) -> Plant:
    """Return a model with a defect of this kind at a dose, 0 (its clean twin) to 3, random in all details by seed.

    Raises:
        InputError: no kind has this name, or there is no such dose.

    >>> sorted(plant("turned pair", 3, seed=0).truth)[0].defect
    'graph.entangled'
    """
    found = {each.name: each for each in kinds()}
    if kind not in found or dose not in range(4):
        raise InputError(f"expected a kind and a dose from 0 to 3, got {kind!r} and {dose}; kinds: {', '.join(found)}")
    return found[kind].at(dose, seed)
