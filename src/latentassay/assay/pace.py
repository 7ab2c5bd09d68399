"""Slow models: how long one observation takes, crops where a model takes any size, and a first look at least."""

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder, TakesOtherSizes, eval_mode, to_model
from latentassay.core.findings import Finding, Section
from latentassay.core.guard import encode_means, reconstruct_batch
from latentassay.core.observations import Observations
from latentassay.spatial import is_spatial

WHOLE = 400
"""Passes that a whole assay needs at least, about: below, it is asked of crops, or of fewer rows."""

LEAN = 80
"""Passes without which no responses can be measured at all."""

SMALLEST, SMALLEST_LATENT = 16, 4
"""Sides of crops and of their latents, at least."""


@dataclass(frozen=True)
class Pace:
    """What is questioned within a budget.

    Attributes:
        model: the model, or the same for smaller pictures.
        data: the observations, or crops of them.
        seconds: what encoding and decoding one of them takes.
        whole: what one whole observation takes.
        left: seconds of the budget that are left.
        x_shape: shape of a whole observation.
    """

    model: Autoencoder
    data: Observations
    seconds: float
    whole: float
    left: float
    x_shape: tuple[int, ...]

    @property
    def passes(self) -> float:
        """Passes that are left."""
        return self.left / self.seconds

    @property
    def is_cropped(self) -> bool:
        """Whether crops are asked about."""
        return tuple(self.data.x_shape) != self.x_shape


class Crops:
    """The middle of every picture; factors are those of whole pictures, and are left out."""

    def __init__(self, data: Observations, side: int):
        self._data, self.x_shape = data, (data.x_shape[0], *(min(side, size) for size in data.x_shape[1:]))

    def __len__(self) -> int:
        return len(self._data)

    def batch(self, indices: Any) -> Tensor:
        """Return the middles of the rows ``indices``."""
        x = self._data.batch(indices)
        for axis, side in enumerate(self.x_shape[1:], start=2):
            x = x.narrow(axis, (x.shape[axis] - side) // 2, side)
        return x.contiguous()


def find_pace(model: Autoencoder, data: Observations, row: Tensor, budget: float) -> Pace | None:
    """Time one observation; where a budget affords too few, look for a size of crops of which it affords enough.

    A model that fails on the row has no pace (``None``): checking its contract says why.

    Args:
        model: any autoencoder.
        data: all observations.
        row: the number of one of them.
        budget: seconds for everything.
    """
    began, shape = time.perf_counter(), tuple(data.x_shape)
    with suppress(Exception):  # what is wrong with the model is said where its contract is checked
        seconds = _time_pair(model, data, row)
        # A model that was just loaded is slow at first.
        if WHOLE * seconds > budget and 8 * seconds < budget:
            seconds = min(seconds, _time_pair(model, data, row))
        chosen, found, now = model, data, seconds
        for side, smaller_yet in _sides(model, shape):
            if WHOLE * now <= budget - (time.perf_counter() - began):
                break
            # Time goes with the area, about: sizes that are surely too large need not be tried.
            share = math.prod(min(side, size) / size for size in shape[1:])
            if smaller_yet and WHOLE / 2 * seconds * share > budget:
                continue
            crops = Crops(data, side)
            with suppress(Exception):  # a model that does not take this size
                smaller = _resized(model, shape, crops.x_shape)
                now = _time_pair(smaller, crops, row)
                chosen, found = smaller, crops
        left = budget - (time.perf_counter() - began)
        if LEAN * now > left:  # crops would not help: look at whole pictures
            chosen, found, now = model, data, seconds
        return Pace(model=chosen, data=found, seconds=now, whole=seconds, left=max(left, 0.0), x_shape=shape)
    return None


def _sides(model: Autoencoder, x_shape: tuple[int, ...]) -> list[tuple[int, bool]]:
    """Half the greatest side, a quarter …, as long as a latent keeps four places to a side; and if others follow."""
    latent_shape = tuple(model.latent_shape)
    takes_any = isinstance(model, TakesOtherSizes) and is_spatial(latent_shape)
    if not takes_any or len(latent_shape) != len(x_shape):
        return []
    side, out = max(x_shape[1:]) // 2, []
    while (
        side >= SMALLEST
        and min(side * few // many for few, many in zip(latent_shape[1:], x_shape[1:], strict=True)) >= SMALLEST_LATENT
    ):
        out.append(side)
        side //= 2
    return [(side, side != out[-1]) for side in out]


def _resized(model: Any, whole: tuple[int, ...], x_shape: tuple[int, ...]) -> Autoencoder:
    latent_shape = tuple(model.latent_shape)
    sides = (few * side // many for few, side, many in zip(latent_shape[1:], x_shape[1:], whole[1:], strict=True))
    smaller: Autoencoder = model.resized(x_shape, (latent_shape[0], *sides))
    return smaller


def _time_pair(model: Autoencoder, data: Observations, row: Tensor) -> float:
    with eval_mode(model):
        x = to_model(model, data.batch(row))
        begun = time.perf_counter()
        reconstruct_batch(model, encode_means(model, x).mean, x).cpu()
        seconds = time.perf_counter() - begun
    return max(seconds, 1e-9)


def crop_section(pace: Pace, budget: float) -> Section:
    """Say that crops were asked about, why, and what would ask whole pictures."""
    whole, crop = ("×".join(map(str, shape[1:])) for shape in (pace.x_shape, tuple(pace.data.x_shape)))
    sentence = (
        f"A picture of {whole} takes {_seconds(pace.whole)} to encode and decode, so within {budget:g} s the model was "
        f"asked about the middles of pictures, {crop} each ({_seconds(pace.seconds)}). All that is said here is said "
        "of pictures of that size; known factors were not scored."
    )
    remedy = f"For whole pictures give it about {_round_up(WHOLE * pace.whole)} s (budget=, or --budget)."
    finding = Finding("budget.crops", sentence, "note", (), remedy=remedy)
    return Section("budget.crops", "Smaller pictures", "How large were the pictures?", findings=(finding,))


def first_rows(pace: Pace, order: Tensor) -> Tensor:
    """Return as many rows as half of what is left allows, two at least and eight at most."""
    return order[: max(2, min(8, int(pace.passes / 2)))]


def first_look(pace: Pace, order: Tensor) -> Section:
    """Encode and decode a few observations; say how much comes back, and what the rest would take."""
    rows = first_rows(pace, order)
    x = pace.data.batch(rows).double()
    with eval_mode(pace.model):
        # One at a time: a large batch may not fit where a single picture takes seconds.
        parts = [to_model(pace.model, part) for part in torch.split(x, 1)]
        decoded = torch.cat(
            [reconstruct_batch(pace.model, encode_means(pace.model, part).mean, part).cpu() for part in parts]
        ).double()
    missed = float((x - decoded).square().sum() / (x - x.mean(0)).square().sum().clamp(min=1e-300))
    finding = Finding(
        "reconstruction.first_look",
        f"Of {len(rows)} observations, reconstructions miss {100 * missed:.3g} % of what they differ by; so few say "
        "little, and nothing of any unit.",
        "unsure",
        (),
        settle=(
            f"One observation takes {_seconds(pace.seconds)}: for units, responses and holes give it about "
            f"{_round_up(WHOLE * pace.seconds)} s (budget=, or --budget), or a faster machine."
        ),
    )
    text = "Does what the model decodes look like what it encoded?"
    return Section("reconstruction", "First look", text, findings=(finding,))


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 0.1 else f"{1000 * seconds:.2g} ms"


def _round_up(seconds: float) -> int:
    return 10 * math.ceil(1.2 * seconds / 10)
