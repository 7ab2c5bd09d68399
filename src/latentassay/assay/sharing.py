"""Units that serve several factors: which beyond doubt, and the finding about them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from latentassay.assay.families import FamilyVerdict, add_doubtful, judge_family
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import LISTED
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding
from latentassay.core.units import Units
from latentassay.metrics.disentanglement.predictors import COLUMNS, reduce_unit

SHARED = Bounds(0.0, 0.05, 0.15, "share of a second factor's entropy that one unit tells")
"""How much a unit may tell of another factor than its own; one turned by 45° between two factors of seven evenly spread
values tells 0.2 of each."""


class Sharing(NamedTuple):
    """What one unit tells of its two best factors.

    Attributes:
        unit: its label.
        best: the factor it tells most of.
        second: the factor besides.
        besides: share of the second factor's entropy that it tells, without what the best factor tells of it.
    """

    unit: str
    best: str
    second: str
    besides: Estimate


def as_columns(
    codes: Float[Tensor, "n d"], units: Units, seed: int
) -> tuple[Float[np.ndarray, "n k"], list[list[int]]]:
    """Return codes with few columns a unit, leading principal components of large ones, and which are whose."""
    flat, most = codes.double().numpy(), max(1, COLUMNS // len(units))
    parts = [reduce_unit(flat[:, list(group)], most, seed) for group in units.groups]
    ends = np.cumsum([0, *(part.shape[1] for part in parts)])
    return np.concatenate(parts, 1), [list(range(start, end)) for start, end in pairwise(ends.tolist())]


def judge_sharing(units: Sequence[Sharing]) -> FamilyVerdict | None:
    """Return the verdict on all units; ``None`` where there are none."""
    return judge_family([each.besides for each in units], SHARED) if units else None


def shared_finding(units: Sequence[Sharing], verdict: FamilyVerdict) -> Finding | None:
    """Name the units that serve two factors, or say that it is not sure; nothing where none does."""
    if verdict.level == "good":
        return None
    named = sorted((units[k] for k in verdict.named), key=lambda each: -each.besides)
    shown = named or [max(units, key=lambda each: each.besides)]
    finding = Finding(
        "factors.shared",
        _sentence(shown, verdict.level),
        verdict.level,
        ("factors.mig",),
        subjects=tuple(each.unit for each in named),
        direction="above",
        estimate=verdict.estimate,
        bounds=SHARED,
        settle=how_to_settle(verdict.estimate, SHARED),
    )
    return add_doubtful(finding, [units[k].unit for k in verdict.doubtful])


def _sentence(units: Sequence[Sharing], level: str) -> str:
    pairs = [
        f"{each.unit} of {each.best} and {each.second} ({each.besides.scaled(100)} % of its entropy besides)"
        for each in units[:LISTED]
    ]
    listed = "; ".join(pairs) + (f"; and {len(units) - LISTED} more" if len(units) > LISTED else "")
    if level == "unsure":
        return f"Whether a unit serves several factors is not sure; most may unit {listed}."
    if level == "note":
        return f"A unit tells a little of a second factor: unit {listed}."
    return f"{'Units serve' if len(units) > 1 else 'A unit serves'} two factors: unit {listed}."
