"""Slow models: how long one observation takes, crops where a model takes any size, and a first look at least."""

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentassay.assay.budget import Cost, affordable_batch
from latentassay.core.autoencoder import Autoencoder, TakesOtherSizes, eval_mode, to_model
from latentassay.core.findings import Finding, Section
from latentassay.core.guard import encode_means, reconstruct_batch
from latentassay.core.observations import Observations
from latentassay.sampling import BATCH_SIZE
from latentassay.spatial import is_spatial

WHOLE = 400
"""Passes that a whole assay needs at least, about: below, it is asked of crops, or of fewer rows."""

LEAN = 80
"""Passes without which no responses can be measured at all."""

AFFORDED = 8
"""Observations that a model must pass within the budget to be timed a second time, and are timed at once, at most."""

TRIED_SHARE = 16
"""Timing several at once may take one part in so many of the budget, if two can be passed in it."""

FIXED = 0.25
"""Part of the time of one observation that must be the call's own to be told from chance."""

SMALLEST, SMALLEST_LATENT = 16, 4
"""Sides of crops and of their latents, at least."""


@dataclass(frozen=True)
class Pace:
    """What is questioned within a budget.

    Attributes:
        model: the model, or the same for smaller pictures.
        data: the observations, or crops of them.
        cost: what encoding and decoding takes, by calls and by observations.
        batch_size: observations that can be passed at a time.
        whole: what one whole observation takes.
        left: seconds of the budget that are left.
        x_shape: shape of a whole observation.
    """

    model: Autoencoder
    data: Observations
    cost: Cost
    batch_size: int
    whole: float
    left: float
    x_shape: tuple[int, ...]

    @property
    def seconds(self) -> float:
        """What one observation takes among others."""
        return self.cost.per_row(self.batch_size)

    @property
    def passes(self) -> float:
        """Passes that are left, in calls as large as can be."""
        return self.left / self.seconds

    @property
    def is_slow(self) -> bool:
        """Whether passes of one observation each would not do for a whole assay."""
        return self.left < WHOLE * self.cost.of(1)

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


def find_pace(
    model: Autoencoder, data: Observations, rows: Tensor, budget: float, *, batch_size: int = BATCH_SIZE
) -> Pace | None:
    """Time one observation; where a budget affords too few, time several at once, and then smaller crops.

    What several take tells what a call costs whatever it holds from what every observation in it costs. A model that
    fails on the rows has no pace (``None``): checking its contract says why.

    Args:
        model: any autoencoder.
        data: all observations.
        rows: the numbers of some of them.
        budget: seconds for everything.
        batch_size: observations that may be passed at a time.
    """
    began, shape, row = time.perf_counter(), tuple(data.x_shape), rows[:1]
    with suppress(Exception):  # what is wrong with the model is said where its contract is checked
        cost = _find_cost(model, data, rows, budget)
        seconds, fixed = cost.of(1), cost.fixed

        def batch(of: Cost) -> int:
            return affordable_batch(of, min(batch_size, max(1, len(data))), budget)

        chosen, found = model, data
        whole = cost
        for side, smaller_yet in _sides(model, shape):
            if WHOLE * cost.per_row(batch(cost)) <= budget - (time.perf_counter() - began):
                break
            # Time goes with the area, about: sizes that are surely too large need not be tried.
            share = math.prod(min(side, size) / size for size in shape[1:])
            if smaller_yet and WHOLE / 2 * seconds * share > budget:
                continue
            crops = Crops(data, side)
            with suppress(Exception):  # a model that does not take this size
                smaller = _resized(model, shape, crops.x_shape)
                one = _time_pair(smaller, crops, row)
                cost = Cost(min(fixed, one), max(one - fixed, 0.0))
                chosen, found = smaller, crops
        left = budget - (time.perf_counter() - began)
        if LEAN * cost.per_row(batch(cost)) > left:  # crops would not help: look at whole pictures
            chosen, found, cost = model, data, whole
        return Pace(
            model=chosen,
            data=found,
            cost=cost,
            batch_size=batch(cost),
            whole=seconds,
            left=max(left, 0.0),
            x_shape=shape,
        )
    return None


def _find_cost(model: Autoencoder, data: Observations, rows: Tensor, budget: float) -> Cost:
    """Time one observation, and where many are too dear and some are not, several in one call."""
    one = _time_pair(model, data, rows[:1])
    if WHOLE * one <= budget or AFFORDED * one >= budget:
        return Cost(0.0, one)
    # A model that was just loaded is slow at first.
    one = min(one, _time_pair(model, data, rows[:1]))
    several = min(len(rows), max(2, min(AFFORDED, int(budget / TRIED_SHARE / one))))
    if WHOLE * one <= budget or several < 2:
        return Cost(0.0, one)
    row = max(0.0, (_time_pair(model, data, rows[:several]) - one) / (several - 1))
    # Times of single calls are not exact: a small part that seems fixed is none.
    return Cost(0.0, one) if row > (1 - FIXED) * one else Cost(one - row, row)


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
        f"asked about the middles of pictures, {crop} each ({_seconds(pace.cost.of(1))}). All that is said here is "
        "said of pictures of that size; known factors were not scored."
    )
    remedy = f"For whole pictures give it about {_round_up(WHOLE * pace.whole)} s (budget=, or --budget)."
    finding = Finding("budget.crops", sentence, "note", (), remedy=remedy)
    return Section("budget.crops", "Smaller pictures", "How large were the pictures?", findings=(finding,))


def first_rows(pace: Pace, order: Tensor) -> Tensor:
    """Return as many rows as half of what is left allows, two at least and eight at most."""
    return order[: max(2, min(8, int(pace.left / pace.cost.of(1) / 2)))]


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
            f"One observation takes {_seconds(pace.cost.of(1))}: for units, responses and holes give it about "
            f"{_round_up(WHOLE * pace.seconds)} s (budget=, or --budget), or a faster machine."
        ),
    )
    text = "Does what the model decodes look like what it encoded?"
    return Section("reconstruction", "First look", text, findings=(finding,))


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 0.1 else f"{1000 * seconds:.2g} ms"


def _round_up(seconds: float) -> int:
    return 10 * math.ceil(1.2 * seconds / 10)
