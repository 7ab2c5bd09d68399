"""The models of "Structure by architecture" (SA): hourglass, sae-k, adaae-k and vlae-k, in its two sizes."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from latentassay.models.family import AE, BETA_VAE, PLAIN, Family, Recipe, Spec
from latentassay.nn.backbone import hourglass_coders, infused_coders
from latentassay.nn.coders import Coders
from latentassay.nn.heads import AIMED, DIAGONAL, POINT, Head
from latentassay.nn.ladder import ladder_coders

VARIABLES = (2, 3, 4, 6, 12, 16)
"""How many variables a structured model has; those of 16 have the size that SA uses for faces."""


class Size(NamedTuple):
    """Width and depth of the backbone, number of latents, and side of the pictures (A.2.1)."""

    filters: int
    depth: int
    latents: int
    side: int


def size_of(variables: int) -> Size:
    """Return the size of a model of so many variables: that for faces from 16 on."""
    return Size(128, 16, 32, 128) if variables == 16 else Size(64, 12, 12, 64)


def _models() -> dict[str, Recipe]:
    plain, variational = PLAIN
    heads = (plain, ("wae", AIMED, {"name": "wae"}), variational)
    models = {
        f"{family}-hourglass{ending}": _recipe(head, hourglass_coders, k, "one bottleneck", objective)
        for k, ending in ((12, ""), (16, "-16"))
        for family, head, objective in heads
    }
    for k in VARIABLES:
        models[f"sae-{k}"] = _recipe(POINT, infused_coders, k, f"{k} variables in turn", AE, variables=k)
    for k in VARIABLES:
        about = f"all latents {k} times"
        models[f"adaae-{k}"] = _recipe(POINT, infused_coders, k, about, AE, variables=k, whole=True)
    for k in VARIABLES:
        models[f"vlae-{k}"] = _recipe(DIAGONAL, ladder_coders, k, f"ladder of {k} rungs", BETA_VAE, variables=k)
    return models


def _recipe(head: Head, coders: Callable[..., Coders], k: int, about: str, objective: Spec, **fixed: Any) -> Recipe:
    size = size_of(k)
    return Recipe(
        head=head,
        coders=partial(coders, filters=size.filters, depth=size.depth, **fixed),
        about=about,
        objective=objective,
        latents=size.latents,
        options=("filters", "depth", *(["hidden"] if coders is infused_coders else [])),
        side=size.side,
        trial={"x_shape": (2, 8, 8), "filters": 8, "depth": max(6, fixed.get("variables", 0))},
    )


FAMILY = Family(origin="structure by architecture", models=_models(), place=4)
