"""What a model's name stands for."""

from collections.abc import Callable
from typing import NamedTuple

from latentassay.nn.coders import Coders
from latentassay.nn.heads import Head
from latentassay.nn.structural import segments


class Recipe(NamedTuple):
    """How a model is made.

    Attributes:
        head: how the encoder's outputs become a posterior.
        coders: ``(x_shape, decoder's latents, encoder's outputs) → Coders``.
        latents: how many where the caller does not say.
        unit: values in a cause, for models with an XBlock.
        options: what ``coders`` takes besides.
        variables: into how many the latents are split evenly; each latent is one where left out.
    """

    head: Head
    coders: Callable[..., Coders]
    latents: int = 10
    unit: int | None = None
    options: tuple[str, ...] = ()
    variables: int | None = None

    def groups(self, latents: int) -> tuple[tuple[int, ...], ...]:
        """Return the latents of each variable.

        Raises:
            InputError: the variables do not divide them.
        """
        return segments(latents, self.variables or latents)
