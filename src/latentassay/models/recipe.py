"""What a model's name stands for."""

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

from latentassay.nn.coders import Coders
from latentassay.nn.heads import DIAGONAL, POINT, Head


class Recipe(NamedTuple):
    """How a model is made.

    Attributes:
        head: how the encoder's outputs become a posterior.
        coders: ``(x_shape, decoder's latents, encoder's outputs) → Coders``.
        latents: how many where the caller does not say.
        unit: values in a cause, for models with an XBlock.
        options: what ``coders`` takes besides.
        about: what the networks are, in a few words.
        origin: where they are from.
    """

    head: Head
    coders: Callable[..., Coders]
    latents: int = 10
    unit: int | None = None
    options: tuple[str, ...] = ()
    about: str = ""
    origin: str = ""


class About(NamedTuple):
    """What there is to say of a name before a model is built.

    Attributes:
        name: what ``build`` calls it.
        what: its networks, in a few words.
        origin: where they are from.
        codes: ``"points"``, or Gaussians that are ``"diagonal"`` or ``"full"``.
        latents: how many where the caller does not say.
        options: what ``build`` takes besides, and what each is where left out.
    """

    name: str
    what: str
    origin: str
    codes: str
    latents: int
    options: dict[str, Any]


def about(name: str, recipe: Recipe) -> About:
    """Say what a recipe is."""
    codes = {POINT: "points", DIAGONAL: "diagonal"}.get(recipe.head, "full")
    known = signature(recipe.coders).parameters
    options = {option: known[option].default for option in recipe.options}
    return About(name, recipe.about, recipe.origin, codes, recipe.latents, options)
