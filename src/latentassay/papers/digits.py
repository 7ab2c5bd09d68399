"""Pictures of digits that several papers train on: grey, or black and white."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from latentassay.data import FactorData, load

LEARNED = {"mnist": 60_000, "digits": 1200}
"""Rows to learn from; the others are to test on."""


class TrainTest(NamedTuple):
    """Rows to learn from, and rows to test on."""

    train: FactorData
    test: FactorData


@cache
def grey_digits(name: str, folder: Path | None) -> TrainTest:
    """Return digits as they are: MNIST, or the 8×8 ``digits`` that need no files.

    Args:
        name: mnist or digits.
        folder: where MNIST's files are, if not in the cache.
    """
    if name == "digits":
        return _split(load(name), name)
    options = {} if folder is None else {"folder": folder}
    return TrainTest(load(name, train=True, **options), load(name, train=False, **options))


@cache
def black_and_white_digits(name: str, folder: Path | None) -> TrainTest:
    """Return digits whose every pixel is drawn once, with its grey value as its probability; arguments as above."""
    data = load(name) if name == "digits" else load(name, train=None, **({"folder": folder} if folder else {}))
    grey = (data.batch(np.arange(len(data))) * 255).round().numpy().astype(np.uint8)
    white = np.random.default_rng(0).integers(0, 255, grey.shape, dtype=np.uint8) < grey
    pixels = white.astype(np.uint8) * 255
    label = f"{name}, black and white"
    return _split(FactorData(pixels, data.factors, data.factor_names, layout="chw", name=label), name)


def _split(data: FactorData, name: str) -> TrainTest:
    rows = np.arange(len(data))
    return TrainTest(data.take(rows[: LEARNED[name]]), data.take(rows[LEARNED[name] :]))
