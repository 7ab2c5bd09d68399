"""The data sets of chapter 3 with their networks and β, as table 3.1 has them."""

from typing import NamedTuple

PIXELS = ("MNIST", "fMNIST")
"""Data sets of pictures without factors."""

FILES = {"MNIST": "mnist", "fMNIST": "fashion-mnist"}
"""What ``data.load`` calls them."""

NAMES = ("dSprites", "fMNIST", "MNIST", "Synth. Lin.", "Synth. Non-Lin.")
"""Data sets in the order of the thesis' tables."""

NAMES = ("dSprites", "fMNIST", "MNIST", "Synth. Lin.", "Synth. Non-Lin.")
"""Data sets in the order of the thesis' tables."""

SQUARES = {1.0: "Synth. Lin., ratio 1.0", 1.2: "Synth. Lin., ratio 1.2", 1.5: "Synth. Lin., ratio 1.5"}
"""Ratio of the scales of both factors of a linear square → its name."""


class Task(NamedTuple):
    """A data set and its networks.

    Attributes:
        encoder: hidden layers.
        decoder: hidden layers.
        activations: of encoder and decoder.
        latents: number of latents d.
        beta: of the β-VAE.
        line: β of the line search.
        likelihood: as ``models.build`` takes it.
        epochs: how long the thesis trains.
        continuous: columns of the factors that are numbers.
    """

    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    activations: tuple[str, str]
    latents: int
    beta: float
    line: tuple[float, ...]
    likelihood: str
    epochs: int
    continuous: tuple[int, ...] = ()


LINE = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""β of the line search of the squares."""

_LINEAR = Task(
    encoder=(),
    decoder=(),
    activations=("tanh", "tanh"),
    latents=2,
    beta=1e-4,
    line=LINE,
    likelihood="squared",
    epochs=600,
    continuous=(0, 1),
)
_PICTURES = Task(
    encoder=(400,),
    decoder=(500, 500),
    activations=("relu", "tanh"),
    latents=6,
    beta=1.0,
    line=(),
    likelihood="bernoulli",
    epochs=400,
)
TASKS: dict[str, Task] = {
    "dSprites": Task(
        encoder=(1200, 1200),
        decoder=(1200, 1200, 1200),
        activations=("relu", "tanh"),
        latents=5,
        beta=4.0,
        line=(0.25, 1.0, 4.0, 16.0, 64.0),
        likelihood="bernoulli",
        epochs=50,
        continuous=(1, 2, 3, 4),
    ),
    "Synth. Lin.": _LINEAR,
    "Synth. Non-Lin.": _LINEAR._replace(encoder=(60, 40, 20), decoder=(60, 40, 20), beta=1e-3),
    "MNIST": _PICTURES,
    "fMNIST": _PICTURES._replace(epochs=500),
    **dict.fromkeys(SQUARES.values(), _LINEAR),
}
"""Name in the tables → data set."""
