"""The models of SA by name: hourglass, sae-k, adaae-k and vlae-k, in its two sizes."""

from collections.abc import Callable
from functools import partial
from typing import Any

from latentassay.models.recipe import Recipe
from latentassay.nn.backbone import hourglass_coders, infused_coders
from latentassay.nn.coders import Coders
from latentassay.nn.heads import AIMED, DIAGONAL, POINT, Head
from latentassay.nn.ladder import ladder_coders

VARIABLES = (2, 3, 4, 6, 12, 16)
ORIGIN = "structure by architecture"
_SIZE = ("filters", "depth")


def structural() -> dict[str, Recipe]:
    """Every model of SA; what ends in 16 has the size that it uses for faces."""
    models: dict[str, Recipe] = {}
    for k, ending in ((12, ""), (16, "-16")):
        for family, head in (("ae", POINT), ("wae", AIMED), ("vae", DIAGONAL)):
            models[f"{family}-hourglass{ending}"] = _recipe(head, hourglass_coders, k, "one bottleneck")
    for k in VARIABLES:
        models[f"sae-{k}"] = _recipe(POINT, infused_coders, k, f"{k} variables in turn", variables=k)
    for k in VARIABLES:
        everywhere = f"all latents {k} times"
        models[f"adaae-{k}"] = _recipe(POINT, infused_coders, k, everywhere, variables=k, whole=True)
    for k in VARIABLES:
        models[f"vlae-{k}"] = _recipe(DIAGONAL, ladder_coders, k, f"ladder of {k} rungs", variables=k)
    return models


def _recipe(head: Head, coders: Callable[..., Coders], size: int, about: str, **fixed: Any) -> Recipe:
    """One of SA's two sizes: filters and depth of the backbone, and how many latents (A.2.1)."""
    filters, depth, latents = (128, 16, 32) if size == 16 else (64, 12, 12)
    options = _SIZE if coders is not infused_coders else (*_SIZE, "hidden")
    made = partial(coders, filters=filters, depth=depth, **fixed)
    return Recipe(head, made, latents, options=options, about=about, origin=ORIGIN)
