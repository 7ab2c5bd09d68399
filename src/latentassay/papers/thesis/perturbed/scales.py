"""How much of chapter 4 is trained at each scale, and where."""

from typing import NamedTuple


class PerturbedScale(NamedTuple):
    """How much is trained.

    Attributes:
        side: side of the pictures, which are drawn with 64 and scaled down.
        every: of every factor, one value in so many is kept.
        model: a name that ``models.build`` knows.
        hidden: its layers.
        weight: what the text's weights of KL terms are multiplied by, for pictures of fewer pixels.
        steps: of every model.
        lr: rate of Adam for every model.
        pool: seeds of the β-VAE on the original data, of which ``ends`` are taken from either end.
        ends: decoders a side that the manipulation is trained against.
        moves: steps of the manipulation.
        rows: pictures in each of them.
        rate: of Adam there.
        seeds: of every model on every data set, from 0 on.
        methods: which are trained.
    """

    side: int
    every: tuple[int, ...]
    model: str
    hidden: tuple[int, ...]
    weight: float
    steps: int
    lr: float
    pool: int
    ends: int
    moves: int
    rows: int
    rate: float
    seeds: int
    methods: tuple[str, ...]


_LAPTOP = PerturbedScale(
    side=16,
    every=(1, 1, 1, 4, 2, 2),
    model="vae-mlp",
    hidden=(256, 256),
    weight=0.125,
    steps=6000,
    lr=1e-3,
    pool=8,
    ends=2,
    moves=1500,
    rows=32,
    rate=1e-4,
    seeds=3,
    methods=("β-VAE", "TC-VAE", "PCL"),
)
_WHOLE = _LAPTOP._replace(side=64, every=(1,) * 6, model="vae-conv-small", hidden=(), weight=1.0)
_SMALL = _LAPTOP._replace(every=(1, 1, 2, 10, 8, 8), hidden=(64,), steps=60, pool=2, ends=1, seeds=1)
SCALES = {
    "smoke": _SMALL._replace(moves=20, rows=16, rate=1e-3),
    "laptop": _LAPTOP,
    "paper": _WHOLE._replace(
        steps=300_000, lr=1e-4, pool=10, ends=4, moves=100_000, rows=64, seeds=10, methods=("AE", *_LAPTOP.methods)
    ),
}


def choose_device(scale: str) -> str:
    """Return where a scale's models train: networks this small gain nothing from a GPU below scale paper."""
    return "auto" if scale == "paper" else "cpu"
