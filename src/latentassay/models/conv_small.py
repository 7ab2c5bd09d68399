"""A quick network of strided convolutions for small square pictures."""

from latentassay.models.family import AE, BETA_VAE, Family, Recipe
from latentassay.nn.coders import small_conv_coders
from latentassay.nn.heads import DIAGONAL, POINT

_ABOUT = "quick convolutions"
_TRIAL = {"x_shape": (1, 32, 32), "latents": 4}

FAMILY = Family(
    origin="general purpose",
    models={
        "ae-conv-small": Recipe(head=POINT, coders=small_conv_coders, about=_ABOUT, objective=AE, trial=_TRIAL),
        "vae-conv-small": Recipe(
            head=DIAGONAL, coders=small_conv_coders, about=_ABOUT, objective=BETA_VAE, trial=_TRIAL
        ),
    },
    place=2,
)
