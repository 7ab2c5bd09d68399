"""The models of IC by name: {ae, vae, sae} × {plain, x, xc…-i, xc…-e} and avae, in the sizes of its table 3."""

from functools import partial
from typing import NamedTuple

from latentassay.models.recipe import Recipe
from latentassay.nn.heads import DIAGONAL, POINT
from latentassay.nn.skeleton import Skeleton, skeleton_coders, structural_coders


class Size(NamedTuple):
    """A row of IC's table 3; ``unit`` is the number of values in a cause."""

    depth: int
    latents: int
    unit: int
    filters: int
    pools: int


SIZES = {
    "standard": Size(12, 12, 1, 32, 3),
    # Table 3 says depth 12, but table 4's counts of standard and S differ by exactly 12 blocks (and 6 latents).
    "s": Size(6, 6, 1, 32, 3),
    "s4": Size(6, 6, 4, 32, 3),
    "v32": Size(16, 32, 1, 100, 7),
    "v324": Size(16, 32, 4, 100, 7),
}
ORIGIN = "interventional consistency"
HEADS = {"ae": (256, 128), "vae": (128, 64), "sae": (256, 128)}
"""Dense layers. What wider causes cost in table 4 says that the first of the decoder is 128 wide in AEs, 64 in VAEs."""


def grid() -> dict[str, Recipe]:
    """Every model of the grid; plain ones have no causes, so no sizes that differ in those alone."""
    models: dict[str, Recipe] = {}
    for size, row in SIZES.items():
        for family in HEADS:
            if row.unit == 1:
                models[f"{family}-{size}"] = _recipe(family, row, causal=False)
            for name in (f"x{family}", f"xc{family}-i", f"xc{family}-e"):
                models[f"{name}-{size}"] = _recipe(family, row, causal=True)
        if row.unit == 1:
            models[f"avae-{size}"] = _recipe("vae", row, causal=False)
    return models


def _recipe(family: str, size: Size, *, causal: bool) -> Recipe:
    skeleton = Skeleton(size.depth, size.pools, size.filters, HEADS[family])
    coders = partial(structural_coders if family == "sae" else skeleton_coders, skeleton=skeleton)
    head = DIAGONAL if family == "vae" else POINT
    about = f"{size.depth} convolutions" + ", structural decoder" * (family == "sae") + ", causal block" * causal
    unit = size.unit if causal else None
    return Recipe(head, coders, latents=size.latents, unit=unit, about=about, origin=ORIGIN)
