"""The models of SA by name: hourglass, sae-k, adaae-k and vlae-k, in its two sizes."""

from functools import partial
from typing import Any

from latentassay.models.recipe import Recipe
from latentassay.nn.backbone import hourglass_coders, infused_coders
from latentassay.nn.heads import DIAGONAL, POINT
from latentassay.nn.ladder import ladder_coders

VARIABLES = (2, 3, 4, 6, 12, 16)
_SIZE = ("filters", "depth")


def structural() -> dict[str, Recipe]:
    """Every model of SA; what ends in 16 has the size that it uses for faces."""
    models: dict[str, Recipe] = {}
    for k in VARIABLES:
        size, latents = _size(k)
        infused, ladder = partial(infused_coders, variables=k, **size), partial(ladder_coders, variables=k, **size)
        models[f"sae-{k}"] = Recipe(POINT, infused, latents, options=(*_SIZE, "hidden"))
        models[f"adaae-{k}"] = Recipe(POINT, partial(infused, whole=True), latents, options=(*_SIZE, "hidden"))
        models[f"vlae-{k}"] = Recipe(DIAGONAL, ladder, latents, options=_SIZE)
    for ending, k in (("", 12), ("-16", 16)):
        size, latents = _size(k)
        for family, head in (("ae", POINT), ("vae", DIAGONAL)):
            coders = partial(hourglass_coders, **size)
            models[f"{family}-hourglass{ending}"] = Recipe(head, coders, latents, options=_SIZE)
    return models


def _size(variables: int) -> tuple[dict[str, Any], int]:
    """Filters and depth of the backbone, and how many latents (A.2.1)."""
    return ({"filters": 128, "depth": 16}, 32) if variables == 16 else ({"filters": 64, "depth": 12}, 12)
