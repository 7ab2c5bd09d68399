"""Many small minimisations at once: L-BFGS with every row of a batch on its own."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

MEMORY, TRIES, PATIENCE = 8, 10, 3
"""Steps that are remembered; shorter steps before a row gives up; small gains in a row before it stops."""

ENOUGH = 1e-4
"""Share of the gain that the slope promises which a step must bring (Armijo)."""

Slope = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""``(points (k, p), rows (k,)) → (values (k,), gradients (k, p))``."""


class Lowest(NamedTuple):
    """What every row came to.

    Attributes:
        at: the lowest point found, ``(n, p)``.
        value: its value.
        steps: steps taken.
    """

    at: Float[Tensor, "n p"]
    value: Float[Tensor, " n"]
    steps: Int[Tensor, " n"]


class _Rows(NamedTuple):
    """The rows still on their way: which they are, where, and what they remember (newest last)."""

    rows: Tensor
    at: Tensor
    value: Tensor
    gradient: Tensor
    scale: Tensor
    small: Tensor
    moves: list[Tensor]
    turns: list[Tensor]

    def only(self, keep: Tensor) -> "_Rows":
        rows, at, value, gradient, scale, small = (part[keep] for part in self[:6])
        moves, turns = ([past[keep] for past in kept] for kept in (self.moves, self.turns))
        return _Rows(rows, at, value, gradient, scale, small, moves, turns)


def minimised(
    slope: Slope, start: Float[Tensor, "n p"], scale: Float[Tensor, " n"], *, iterations: int, tolerance: float
) -> Lowest:
    """Lower n functions of p variables each, one evaluation for all; a row that gains no more drops out.

    L-BFGS with backtracking. Values never rise.

    Args:
        slope: value and gradient of the rows that are asked for.
        start: where to begin.
        scale: about the inverse of the second derivative of every function, for the first step.
        iterations: most steps.
        tolerance: a row stops after three steps that each gain less than this share of its value.

    Source: Liu & Nocedal, On the limited memory BFGS method, 1989.

    >>> bowl = lambda x, rows: ((x - 3).square().sum(1), 2 * (x - 3))
    >>> minimised(bowl, torch.zeros(2, 1), torch.ones(2), iterations=20, tolerance=1e-6).at
    tensor([[3.],
            [3.]])
    """
    everyone = torch.arange(len(start), device=start.device)
    value, gradient = slope(start, everyone)
    found = Lowest(start.clone(), value.clone(), torch.zeros_like(everyone))
    way = _Rows(everyone, start, value, gradient, scale, torch.zeros_like(everyone), [], [])
    way = way.only(gradient.abs().amax(1) > 0)
    for _ in range(iterations):
        if not len(way.rows):
            break
        way, moved = _step(slope, way, tolerance)
        found.at[way.rows], found.value[way.rows] = way.at, way.value
        found.steps[way.rows] += moved.long()
        way = way.only(moved & (way.small < PATIENCE))
    return found


def _step(slope: Slope, way: _Rows, tolerance: float) -> tuple[_Rows, Tensor]:
    """One step of every row, and which rows found a lower point."""
    toward = _direction(way)
    fall = (toward * way.gradient).sum(1)
    uphill = fall >= 0
    toward = torch.where(uphill[:, None], -way.gradient * way.scale[:, None], toward)
    fall = torch.where(uphill, -way.gradient.square().sum(1) * way.scale, fall)
    at, value, gradient, moved = _lower(slope, way, toward, fall)
    move, turn = at - way.at, gradient - way.gradient
    bend, squares = (move * turn).sum(1), turn.square().sum(1)
    curved = bend > 1e-10 * squares.sqrt() * move.square().sum(1).sqrt()
    scale = torch.where(curved, bend / squares.clamp(min=1e-300), way.scale)
    small = torch.where(way.value - value <= tolerance * way.value.abs(), way.small + 1, 0)
    moves = [*way.moves, torch.where(curved[:, None], move, 0.0)][-MEMORY:]
    turns = [*way.turns, torch.where(curved[:, None], turn, 0.0)][-MEMORY:]
    return _Rows(way.rows, at, value, gradient, scale, small, moves, turns), moved


def _direction(way: _Rows) -> Tensor:
    """The two-loop recursion; what a row does not remember (zeros) does nothing."""
    q, shares = way.gradient, []
    inverse = [1 / (m * t).sum(1, keepdim=True).clamp(min=1e-300) for m, t in zip(way.moves, way.turns, strict=True)]
    for move, turn, rho in zip(way.moves[::-1], way.turns[::-1], inverse[::-1], strict=True):
        shares.append(rho * (move * q).sum(1, keepdim=True))
        q = q - shares[-1] * turn
    q = q * way.scale[:, None]
    for move, turn, rho, share in zip(way.moves, way.turns, inverse, shares[::-1], strict=True):
        q = q + move * (share - rho * (turn * q).sum(1, keepdim=True))
    return -q


def _lower(slope: Slope, way: _Rows, toward: Tensor, fall: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Shorten the step of every row, to where a parabola is least, until it brings enough."""
    at, value, gradient = way.at.clone(), way.value.clone(), way.gradient.clone()
    moved = torch.zeros(len(at), dtype=torch.bool, device=at.device)
    left, size = torch.arange(len(at), device=at.device), torch.ones_like(value)
    for _ in range(TRIES):
        trial = way.at[left] + size[:, None] * toward[left]
        values, gradients = slope(trial, way.rows[left])
        promised = size * fall[left]
        good = values <= way.value[left] + ENOUGH * promised
        taken = left[good]
        at[taken], value[taken], gradient[taken], moved[taken] = trial[good], values[good], gradients[good], True
        missed = (values - way.value[left] - promised).clamp(min=1e-300)
        left, size = left[~good], (size * (-0.5 * promised / missed).clamp(0.05, 0.5))[~good]
        if not len(left):
            break
    return at, value, gradient, moved
