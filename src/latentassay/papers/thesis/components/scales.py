"""How much of chapter 3 is trained and measured at each scale."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class TrainingSize(NamedTuple):
    """How one data set is trained.

    Attributes:
        steps: optimiser steps of ``batch_size`` rows; as many as the epochs of the thesis take where ``None``.
        batch_size: rows in a step.
        seeds: how many, from 0 on.
        snapshots: steps whose weights are looked at besides, where figure 3.4 is drawn.
        lr: of Adam.
    """

    steps: int | None
    batch_size: int
    seeds: int
    snapshots: tuple[int, ...] = ()
    lr: float = 1e-3


class ComponentsScale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        squares: rows of the synthetic data.
        sprites: rows of dSprites, drawn at random.
        pooled: dSprites' pixels are averaged over squares of this side, and β divided by its square.
        narrow: dSprites' layers are narrower by this factor.
        image: how MNIST and Fashion-MNIST are trained, and how many seeds of dSprites' other models.
        dots: how the synthetic data are.
        restarts: how dSprites are, and how many seeds of its β-VAE.
        linear: β of the linear squares: at the printed one their rotation does not settle in so few steps, and the line
            search says at which it does.
        line: seeds of the line search.
        points: where Jacobians are taken.
        elsewhere: data sets that are trained as at another scale.
    """

    squares: int
    sprites: int
    pooled: int
    narrow: int
    image: TrainingSize
    dots: TrainingSize
    restarts: TrainingSize
    linear: float
    line: int
    points: int
    elsewhere: Mapping[str, str] = MappingProxyType({})


_LAPTOP = ComponentsScale(
    squares=50_000,
    sprites=50_000,
    pooled=2,
    narrow=4,
    image=TrainingSize(2600, 128, 3),
    dots=TrainingSize(12_000, 256, 2, lr=1e-2),
    restarts=TrainingSize(3000, 128, 8, (600, 1800)),
    linear=0.1,
    line=2,
    points=1000,
)
_PRINTED = _LAPTOP._replace(linear=1e-4, line=10)
_SMALL = _LAPTOP._replace(squares=2000, sprites=600, pooled=4, narrow=20, line=1, points=20)
SCALES = {
    "smoke": _SMALL._replace(
        image=TrainingSize(30, 64, 1),
        dots=TrainingSize(1000, 128, 1, lr=0.05),
        restarts=TrainingSize(30, 64, 2, (10, 20)),
    ),
    "laptop": _LAPTOP,
    "gpu": _PRINTED._replace(
        image=TrainingSize(None, 128, 5), dots=TrainingSize(None, 128, 10), elsewhere={"dSprites": "laptop"}
    ),
    "paper": _PRINTED._replace(
        sprites=737_280,
        pooled=1,
        narrow=1,
        image=TrainingSize(None, 64, 10),
        dots=TrainingSize(None, 64, 10),
        restarts=TrainingSize(None, 64, 10, (92_160, 276_480)),
    ),
}
