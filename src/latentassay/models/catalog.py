"""Which models there are: those that the files of this folder describe."""

import importlib
import pkgutil
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import NamedTuple

import latentassay.models
from latentassay.core.errors import FileError, InputError
from latentassay.models.family import Family, Recipe


class Known(NamedTuple):
    """A recipe, and the file and family that it is from."""

    recipe: Recipe
    origin: str
    file: Path


@cache  # a folder does not change while it is imported from; nothing is ever added by hand
def known_models() -> Mapping[str, Known]:
    """Return the models of all files in this folder by name, in the order of lists.

    Every module here that has a ``FAMILY`` counts; the others are what families are made of.

    Raises:
        FileError: a ``FAMILY`` that is none, or a name that another file has; says which file.
    """
    found: dict[str, Known] = {}
    for family, file in sorted(_families(), key=lambda each: each[0].place):
        for name, recipe in family.models.items():
            if name in found:
                cause = f"names a model {name!r}, and so does {found[name].file}"
                raise FileError(file, cause, "Give it another name")
            found[name] = Known(recipe, family.origin, file)
    return MappingProxyType(found)


def find_model(name: str) -> Known:
    """Return what is known of one name.

    Raises:
        InputError: an unknown name; says which are near.
    """
    models = known_models()
    if name not in models:
        near = get_close_matches(name, models, 5, 0.5) or list(models)[:9]
        raise InputError(f"no model is called {name!r}; did you mean {', '.join(near)}?")
    return models[name]


def _families() -> list[tuple[Family, Path]]:
    modules = [
        importlib.import_module(f"{latentassay.models.__name__}.{module.name}")
        for module in pkgutil.iter_modules(latentassay.models.__path__)
    ]
    return [(_family(module), Path(str(module.__file__))) for module in modules if hasattr(module, "FAMILY")]


def _family(module: ModuleType) -> Family:
    family = module.FAMILY
    if not isinstance(family, Family) or not all(isinstance(each, Recipe) for each in family.models.values()):
        cause = f"its FAMILY is no models.family.Family of Recipes, but a {type(family).__name__}"
        raise FileError(str(module.__file__), cause, "Write it as models/mlp.py does")
    return family
