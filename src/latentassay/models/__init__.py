"""Models by name: one file a family, which says how each of its models is made and what it is trained with.

A file with a ``FAMILY`` is all that a new model takes: ``build``, ``NAMES``, ``objectives.published``, the command line
and the contract tests find it in this folder. Networks that several families share live in ``nn``; what observations
are, and what is descended, in ``data`` and ``objectives``.
"""

from typing import Any

from latentassay.models.causal import XAutoencoder
from latentassay.models.factory import build, describe
from latentassay.models.family import About, Family, Recipe
from latentassay.models.features import Features, features
from latentassay.models.vae import VAE

__all__ = [
    "NAMES",
    "VAE",
    "About",
    "Family",
    "Features",
    "Recipe",
    "XAutoencoder",
    "build",
    "describe",
    "features",
]

NAMES: tuple[str, ...]
"""Every name that ``build`` knows, in the order of lists."""


def __getattr__(name: str) -> Any:
    # The folder is read when somebody asks for names, so that a file that is wrong does not keep others from working.
    if name != "NAMES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from latentassay.models.catalog import known_models

    return tuple(known_models())
