"""What a model's name stands for."""

from collections.abc import Callable
from typing import NamedTuple

from latentassay.nn.coders import Coders
from latentassay.nn.heads import Head


class Recipe(NamedTuple):
    """How a model is made.

    Attributes:
        head: how the encoder's outputs become a posterior.
        coders: ``(x_shape, decoder's latents, encoder's outputs) → Coders``.
        latents: how many where the caller does not say.
        unit: values in a cause, for models with an XBlock.
        options: what ``coders`` takes besides.
    """

    head: Head
    coders: Callable[..., Coders]
    latents: int = 10
    unit: int | None = None
    options: tuple[str, ...] = ()
