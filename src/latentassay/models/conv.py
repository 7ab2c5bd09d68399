"""The convolutional network of "Latent responses" (LR, A.4.2) for square pictures of side 8, 16, 32 …"""

from latentassay.models.family import PLAIN, Family, Recipe
from latentassay.nn.coders import conv_coders

TRIAL = {"x_shape": (1, 32, 32), "latents": 4}
"""Small enough for the contract tests."""

FAMILY = Family(
    origin="latent responses",
    models={
        f"{prefix}-conv": Recipe(head=head, coders=conv_coders, about="convolutions", objective=objective, trial=TRIAL)
        for prefix, head, objective in PLAIN
    },
    place=3,
)
