"""The records of a file in this folder: its ``FAMILY`` of models, and a ``Recipe`` for each of their names."""

from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any, NamedTuple

from latentassay.nn.coders import Coders
from latentassay.nn.heads import DIAGONAL, POINT, Head

Spec = Mapping[str, Any]
"""Arguments of ``objectives.build``: a name, and options."""

AE: Spec = MappingProxyType({"name": "ae"})
"""The objective of point codes that nothing draws towards a prior."""

BETA_VAE: Spec = MappingProxyType({"name": "beta-vae", "beta": 1.0})
"""The objective of Gaussian codes."""

PLAIN: tuple[tuple[str, Head, Spec], ...] = (("ae", POINT, AE), ("vae", DIAGONAL, BETA_VAE))
"""Prefix, head and objective of autoencoders with point codes, and of those with diagonal Gaussians."""

TRIAL: Mapping[str, Any] = MappingProxyType({"x_shape": (2, 5, 3), "latents": 4})
"""A small model of networks that take any shape."""

LAST = 1000
"""The place of families that do not say theirs: behind all others."""


class Recipe(NamedTuple):
    """How the model of one name is made and trained.

    Attributes:
        head: how the encoder's outputs become a posterior.
        coders: ``(x_shape, decoder's latents, encoder's outputs) → Coders``.
        about: what the networks are, in a few words.
        objective: what it is trained with where nobody says otherwise, as ``objectives.build`` takes it.
        latents: how many where the caller does not say.
        unit: values in a cause, for models with an XBlock.
        options: what ``coders`` takes besides.
        side: of the pictures that lists count its parameters for.
        trial: arguments of ``build`` for a small one, on which the contract tests run.
    """

    head: Head
    coders: Callable[..., Coders]
    about: str
    objective: Spec
    latents: int = 10
    unit: int | None = None
    options: tuple[str, ...] = ()
    side: int = 64
    trial: Mapping[str, Any] = TRIAL


class Family(NamedTuple):
    """The models of one file.

    Attributes:
        origin: where they are from; lists show it above them.
        models: a recipe for every name, in the order of lists.
        place: where lists show the family: smaller numbers first.
    """

    origin: str
    models: Mapping[str, Recipe]
    place: int = LAST


class About(NamedTuple):
    """Description of a name: what ``describe`` returns.

    Attributes:
        name: what ``build`` calls it.
        what: its networks, in a few words.
        origin: where they are from.
        codes: ``"points"``, or Gaussians that are ``"diagonal"`` or ``"full"``.
        latents: how many where the caller does not say.
        options: what ``build`` takes besides, and what each is where left out.
        objective: what it is trained with where nobody says otherwise, as ``objectives.build`` takes it.
        side: of the pictures that lists count its parameters for.
        trial: arguments of ``build`` for a small one.
    """

    name: str
    what: str
    origin: str
    codes: str
    latents: int
    options: dict[str, Any]
    objective: Spec
    side: int
    trial: Mapping[str, Any]


def about(name: str, origin: str, recipe: Recipe) -> About:
    """Describe a recipe."""
    known = signature(recipe.coders).parameters
    gates: dict[str, Any] = {"gates": {}} if recipe.unit else {}
    return About(
        name=name,
        what=recipe.about,
        origin=origin,
        codes=recipe.head.codes,
        latents=recipe.latents,
        options={option: known[option].default for option in recipe.options} | gates,
        objective=recipe.objective,
        side=recipe.side,
        trial=recipe.trial,
    )
