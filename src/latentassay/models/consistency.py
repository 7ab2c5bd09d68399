"""The models of "Interventional consistency" (IC): {ae, vae, sae} × {plain, x, xc…-i, xc…-e} and avae, in five sizes.

``x`` puts an ``XBlock`` before the decoder; ``xc`` trains the same network to be invariant (``-i``) or equivariant
(``-e``), ``avae`` that of ``vae`` to be consistent on its own samples.
"""

from functools import partial
from typing import NamedTuple

from latentassay.models.family import AE, BETA_VAE, Family, Recipe
from latentassay.nn.heads import DIAGONAL, POINT
from latentassay.nn.skeleton import Skeleton, skeleton_coders, structural_coders


class Size(NamedTuple):
    """A row of IC's table 3.

    Attributes:
        depth: convolutions in the encoder, and in the decoder.
        latents: how many.
        unit: values in a cause.
        filters: channels of every convolution.
        pools: how many convolutions are followed by max-pooling.
    """

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
"""IC's table 3; those in v32 are for faces of 128×128."""

HEADS = {"ae": (256, 128), "vae": (128, 64), "sae": (256, 128)}
"""Dense layers, as table 4 counts them: every count comes out to the digit (tests/models/test_consistency.py)."""


def _models() -> dict[str, Recipe]:
    """Every model of the grid; plain ones have no causes, so no sizes that differ in those alone."""
    models: dict[str, Recipe] = {}
    for name, size in SIZES.items():
        for family in HEADS:
            if size.unit == 1:
                models[f"{family}-{name}"] = _recipe(family, size, causal=False)
            plain = _recipe(family, size, causal=True)
            models[f"x{family}-{name}"] = plain
            for ending, objective in (("i", "invariance"), ("e", "equivariance")):
                trained = {"name": objective, "base": plain.objective}
                models[f"xc{family}-{ending}-{name}"] = plain._replace(objective=trained)
        if size.unit == 1:
            models[f"avae-{name}"] = models[f"vae-{name}"]._replace(objective={"name": "avae", "beta": 1.0})
    return models


def _recipe(family: str, size: Size, *, causal: bool) -> Recipe:
    skeleton = Skeleton(size.depth, size.pools, size.filters, HEADS[family], gaussian=family == "vae")
    unit = size.unit if causal else 1
    small = (2, 9, 9) if size.depth == 12 else (1, 10, 10)  # sides that halve evenly, and that do not
    return Recipe(
        head=DIAGONAL if family == "vae" else POINT,
        coders=partial(structural_coders, skeleton=skeleton, unit=unit)
        if family == "sae"
        else partial(skeleton_coders, skeleton=skeleton),
        about=f"{size.depth} convolutions" + ", structural decoder" * (family == "sae") + ", causal block" * causal,
        objective=BETA_VAE if family == "vae" else AE,
        latents=size.latents,
        unit=size.unit if causal else None,
        side=128 if size.pools == 7 else 64,
        trial={"x_shape": small if size.pools < 7 else (3, 128, 128), "latents": 4},
    )


FAMILY = Family(origin="interventional consistency", models=_models(), place=5)
