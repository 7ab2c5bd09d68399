"""A quick network of strided convolutions for small square pictures."""

from latentassay.models.family import PLAIN, Family, Recipe
from latentassay.nn.coders import small_conv_coders

FAMILY = Family(
    origin="general purpose",
    models={
        f"{prefix}-conv-small": Recipe(
            head=head,
            coders=small_conv_coders,
            about="quick convolutions",
            objective=objective,
            trial={"x_shape": (1, 32, 32), "latents": 4},
        )
        for prefix, head, objective in PLAIN
    },
    place=2,
)
