"""Dense layers for observations of any shape, with and without a causal block."""

from latentassay.models.family import AE, BETA_VAE, Family, Recipe
from latentassay.nn.coders import mlp_coders
from latentassay.nn.heads import DIAGONAL, FULL, POINT, Head

OPTIONS = ("hidden", "activation", "decoder_hidden", "decoder_activation")
"""Of ``mlp_coders``."""


def _recipe(head: Head, *, causal: bool = False) -> Recipe:
    return Recipe(
        head=head,
        coders=mlp_coders,
        about="dense, causal block" if causal else "dense layers",
        objective=BETA_VAE if head.has_prior else AE,
        unit=1 if causal else None,
        options=OPTIONS,
    )


FAMILY = Family(
    origin="general purpose",
    models={
        "ae-mlp": _recipe(POINT),
        "vae-mlp": _recipe(DIAGONAL),
        "vae-full-mlp": _recipe(FULL),
        "xae-mlp": _recipe(POINT, causal=True),
        "xvae-mlp": _recipe(DIAGONAL, causal=True),
    },
    place=1,
)
