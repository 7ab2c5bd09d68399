"""Many small minimisations at once: L-BFGS with every row of a batch on its own."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

MEMORY = 8
"""Steps that are remembered."""

TRIES = 10
"""Ever shorter steps before a row gives up."""

PATIENCE = 3
"""Small gains in a row before a row stops."""

ENOUGH = 1e-4
"""Share of the gain that the slope promises which a step must bring (Armijo)."""

Function = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""``(points (k, p), rows (k,)) → (values (k,), gradients (k, p))``."""


class Minimum(NamedTuple):
    """The lowest point of every row.

    Attributes:
        at: the lowest point found, ``(n, p)``.
        value: its value.
        steps: steps taken.
    """

    at: Float[Tensor, "n p"]
    value: Float[Tensor, " n"]
    steps: Int[Tensor, " n"]


class _Rows(NamedTuple):
    """The rows still moving: which they are, where, and what they remember (newest last)."""

    rows: Tensor
    at: Tensor
    value: Tensor
    gradient: Tensor
    scale: Tensor
    small: Tensor
    moves: list[Tensor]
    turns: list[Tensor]

    def only(self, keep: Tensor) -> "_Rows":
        """Leave the others behind."""
        return _Rows(
            rows=self.rows[keep],
            at=self.at[keep],
            value=self.value[keep],
            gradient=self.gradient[keep],
            scale=self.scale[keep],
            small=self.small[keep],
            moves=[past[keep] for past in self.moves],
            turns=[past[keep] for past in self.turns],
        )


def minimise(
    function: Function, start: Float[Tensor, "n p"], scale: Float[Tensor, " n"], *, iterations: int, tolerance: float
) -> Minimum:
    """Lower n functions of p variables each, one evaluation for all; a row that gains no more drops out.

    L-BFGS with backtracking. Values never rise.

    Args:
        function: value and gradient of the rows that it is given.
        start: where to begin.
        scale: about the inverse of the second derivative of every function, for the first step.
        iterations: most steps.
        tolerance: a row stops after three steps that each gain less than this share of its value.

    Source: Liu & Nocedal, On the limited memory BFGS method, 1989.

    >>> bowl = lambda x, rows: ((x - 3).square().sum(1), 2 * (x - 3))
    >>> minimise(bowl, torch.zeros(2, 1), torch.ones(2), iterations=20, tolerance=1e-6).at
    tensor([[3.],
            [3.]])
    """
    everyone = torch.arange(len(start), device=start.device)
    value, gradient = function(start, everyone)
    found = Minimum(start.clone(), value.clone(), torch.zeros_like(everyone))
    state = _Rows(
        rows=everyone,
        at=start,
        value=value,
        gradient=gradient,
        scale=scale,
        small=torch.zeros_like(everyone),
        moves=[],
        turns=[],
    ).only(gradient.abs().amax(1) > 0)
    for _ in range(iterations):
        if not len(state.rows):
            break
        state, moved = _step(function, state, tolerance)
        found.at[state.rows], found.value[state.rows] = state.at, state.value
        found.steps[state.rows] += moved.long()
        state = state.only(moved & (state.small < PATIENCE))
    return found


def _step(function: Function, state: _Rows, tolerance: float) -> tuple[_Rows, Tensor]:
    """One step of every row, and which rows found a lower point."""
    toward = _direction(state)
    fall = (toward * state.gradient).sum(1)
    uphill = fall >= 0
    toward = torch.where(uphill[:, None], -state.gradient * state.scale[:, None], toward)
    fall = torch.where(uphill, -state.gradient.square().sum(1) * state.scale, fall)
    at, value, gradient, moved = _lower(function, state, toward, fall)
    move, turn = at - state.at, gradient - state.gradient
    bend, squares = (move * turn).sum(1), turn.square().sum(1)
    # Only a step along which the slope grew says something of the curvature; others are remembered as zeros, which
    # do nothing, since every row of a batch must remember as many.
    curved = bend > 1e-10 * squares.sqrt() * move.square().sum(1).sqrt()
    after = _Rows(
        rows=state.rows,
        at=at,
        value=value,
        gradient=gradient,
        scale=torch.where(curved, bend / squares.clamp(min=1e-300), state.scale),
        small=torch.where(state.value - value <= tolerance * state.value.abs(), state.small + 1, 0),
        moves=[*state.moves, torch.where(curved[:, None], move, 0.0)][-MEMORY:],
        turns=[*state.turns, torch.where(curved[:, None], turn, 0.0)][-MEMORY:],
    )
    return after, moved


def _direction(state: _Rows) -> Tensor:
    """The two-loop recursion; what a row does not remember (zeros) does nothing."""
    q, shares = state.gradient, []
    pairs = list(zip(state.moves, state.turns, strict=True))
    inverse = [1 / (move * turn).sum(1, keepdim=True).clamp(min=1e-300) for move, turn in pairs]
    for move, turn, rho in zip(state.moves[::-1], state.turns[::-1], inverse[::-1], strict=True):
        shares.append(rho * (move * q).sum(1, keepdim=True))
        q = q - shares[-1] * turn
    q = q * state.scale[:, None]
    for move, turn, rho, share in zip(state.moves, state.turns, inverse, shares[::-1], strict=True):
        q = q + move * (share - rho * (turn * q).sum(1, keepdim=True))
    return -q


def _lower(function: Function, state: _Rows, toward: Tensor, fall: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Shorten the step of every row, to where a parabola is least, until it brings enough."""
    at, value, gradient = state.at.clone(), state.value.clone(), state.gradient.clone()
    moved = torch.zeros(len(at), dtype=torch.bool, device=at.device)
    left, size = torch.arange(len(at), device=at.device), torch.ones_like(value)
    for _ in range(TRIES):
        trial = state.at[left] + size[:, None] * toward[left]
        values, gradients = function(trial, state.rows[left])
        promised = size * fall[left]
        good = values <= state.value[left] + ENOUGH * promised
        taken = left[good]
        at[taken], value[taken], gradient[taken], moved[taken] = trial[good], values[good], gradients[good], True
        missed = (values - state.value[left] - promised).clamp(min=1e-300)
        left, size = left[~good], (size * (-0.5 * promised / missed).clamp(0.05, 0.5))[~good]
        if not len(left):
            break
    return at, value, gradient, moved
