"""Sliders: units of the latent, what the ledger says of each, and how far each may be moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentassay.assay import Assay
from latentassay.assay.ledger import LIVE
from latentassay.core.units import Units

REACH = 3.0
"""Standard deviations that a slider reaches to each side, at least."""

UNKNOWN = "not assayed"
"""State of a unit that the assay did not look at."""


@dataclass(frozen=True)
class Slider:
    """One unit and its slider.

    A unit of several latents moves along the direction in which its codes vary most.

    Attributes:
        label: name of the unit.
        state: what the ledger calls it.
        indices: its latents, in the flattened latent.
        direction: of length 1, one number for each of them.
        centre: value that stands for no change: the mean of the codes.
        low: least value.
        high: greatest value.
        spread: standard deviation of its codes along the direction.
        response: share of a change of it that comes back, or ``None`` where it was not measured.
        effect: share of the variance of decodings that it moves, or ``None``.
        variable: number of the variable that it belongs to.
    """

    label: str
    state: str
    indices: tuple[int, ...]
    direction: tuple[float, ...]
    centre: float
    low: float
    high: float
    spread: float
    response: float | None
    effect: float | None
    variable: int


def sliders(units: Units, codes: Tensor, result: Assay, prior_std: float | None) -> list[Slider]:
    """Return a slider for each unit.

    Args:
        units: of the model.
        codes: posterior means ``(n, *latent_shape)``.
        result: an assay that asked for units, and may have asked for their graph.
        prior_std: standard deviation of the prior, if there is one.
    """
    evidence: dict[str, Any] = {section.key: section.evidence for section in result.sections}
    known = evidence.get("units")
    labels = () if known is None else known.labels
    rows = {label: row for row, label in enumerate(labels)}
    variables = _variables(units, rows, evidence.get("graph"))
    flat = codes.flatten(1).double()
    made = []
    for unit, group in enumerate(units.groups):
        row = rows.get(units.label(unit))
        direction, centre, along = _along(flat[:, list(group)])
        spread = float(along.std(correction=0))
        reach = REACH * max(spread, prior_std or 0.0) or 1.0
        made.append(
            Slider(
                label=units.label(unit),
                state=UNKNOWN if known is None or row is None else known.states[row],
                indices=tuple(group),
                direction=tuple(direction.tolist()),
                centre=centre,
                low=min(float(along.min()), centre - reach),
                high=max(float(along.max()), centre + reach),
                spread=spread,
                response=None if known is None or row is None else float(known.response[row]),
                effect=None if known is None or row is None else float(known.effect[row]),
                variable=variables[unit],
            )
        )
    return made


def live_latents(made: Sequence[Slider]) -> list[int]:
    """Return the latents of units that answer, or all where none does: those that distances are measured over."""
    live = [index for slider in made if slider.state in LIVE for index in slider.indices]
    return sorted(live or [index for slider in made for index in slider.indices])


def move(z: Tensor, slider: Slider, values: Tensor) -> Tensor:
    """Return latents ``(n, d)`` with a slider put to ``values`` ``(n,)``."""
    index, direction = list(slider.indices), torch.tensor(slider.direction).to(z)
    out = z.clone()
    out[:, index] += (values.to(z) - z[:, index] @ direction)[:, None] * direction
    return out


def values_of(z: Tensor, made: Sequence[Slider]) -> Tensor:
    """Return where latents ``(n, d)`` lie on each slider: ``(n, u)``."""
    return torch.stack([z[:, list(each.indices)] @ torch.tensor(each.direction).to(z) for each in made], 1)


def _along(values: Tensor) -> tuple[Tensor, float, Tensor]:
    """Direction in which a unit's codes vary most, where their mean lies along it, and where each lies."""
    if values.shape[1] == 1:
        return torch.ones(1, dtype=values.dtype), float(values.mean()), values[:, 0]
    centred = values - values.mean(0)
    direction = torch.linalg.svd(centred[:512], full_matrices=False).Vh[0]
    direction = direction * (1 if float(direction.sum()) >= 0 else -1)
    return direction, float(values.mean(0) @ direction), values @ direction


def _variables(units: Units, rows: dict[str, int], graph: Any) -> list[int]:
    """Number of the variable of each unit: units that repeat or move each other strongly share one."""
    of_row = {} if graph is None else {row: min(group) for group in graph.variables for row in group}
    labels = {row: label for label, row in rows.items()}
    first = {labels[row]: labels[head] for row, head in of_row.items() if row in labels and head in labels}
    names = [first.get(units.label(unit), units.label(unit)) for unit in range(len(units))]
    order = list(dict.fromkeys(names))
    return [order.index(name) for name in names]
