"""The convolutional network of "Latent responses" (LR, A.4.2) for square pictures of side 8, 16, 32 …"""

from latentassay.models.family import AE, BETA_VAE, Family, Recipe
from latentassay.nn.coders import conv_coders
from latentassay.nn.heads import DIAGONAL, POINT

_ABOUT = "convolutions"
_TRIAL = {"x_shape": (1, 32, 32), "latents": 4}

FAMILY = Family(
    origin="latent responses",
    models={
        "ae-conv": Recipe(head=POINT, coders=conv_coders, about=_ABOUT, objective=AE, trial=_TRIAL),
        "vae-conv": Recipe(head=DIAGONAL, coders=conv_coders, about=_ABOUT, objective=BETA_VAE, trial=_TRIAL),
    },
    place=3,
)
