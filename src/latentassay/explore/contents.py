"""What the page shows beside the networks: codes, samples to start from, holes, a map of the plane, and walks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentassay import sampling
from latentassay.assay import Assay
from latentassay.assay.context import seeded
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.observations import Observations
from latentassay.core.units import Units
from latentassay.explore.units import Slider, live_latents, move, sliders
from latentassay.explore.walks import Walk, find_walks, response_distance

CODES = 600
"""Codes of real rows that are shown, at most."""

NUMBERS = 200_000
"""Numbers that all codes may have together; large latents are shown by fewer."""

SAMPLES = 12
"""Real rows to start from."""

DRAWN = 200
"""Samples of the prior, or hybrids, that are marked where they lie in holes."""

GRID = 32
"""Points along each side of the map of the plane."""

ENOUGH = 0.99
"""Quantile of real response distances beyond which a latent lies in a hole, where no assay says another."""


@dataclass(frozen=True)
class Contents:
    """All arrays and facts of a page.

    Attributes:
        sliders: one for each unit.
        kept: latents that response distances are measured over.
        threshold: response distance beyond which a latent lies in a hole.
        codes: of real rows, ``(n, d)``.
        distance: their response distances, ``(n,)``.
        drawn: samples that no row stands behind, ``(m, d)``.
        drawn_distance: their response distances, ``(m,)``.
        drawn_from: what they were drawn from, in words.
        samples: observations to start from, ``(k, *x_shape)``.
        sample_codes: their codes, ``(k, d)``; the first is where the page begins.
        plane: the two units that the map begins with; ``None`` of a single unit.
        map: response distances on that plane, ``(GRID, GRID)``, the second unit along rows.
        walks: ways between samples.
        reach: least and greatest value that is drawn.
    """

    sliders: list[Slider]
    kept: list[int]
    threshold: float
    codes: np.ndarray
    distance: np.ndarray
    drawn: np.ndarray
    drawn_distance: np.ndarray
    drawn_from: str
    samples: np.ndarray
    sample_codes: np.ndarray
    plane: tuple[int, int] | None
    map: np.ndarray | None
    walks: list[Walk]
    reach: tuple[float, float]


def collect(model: Autoencoder, data: Observations, result: Assay, *, seed: int, budget: float) -> Contents:
    """Measure all that the page shows.

    Args:
        model: any autoencoder.
        data: observations.
        result: its assay on them.
        seed: of what is drawn.
        budget: seconds that walks may take.
    """
    units = Units.default(model.latent_shape)
    size = int(np.prod(model.latent_shape))
    count = min(len(data), CODES, max(SAMPLES, NUMBERS // size))
    rows = torch.randperm(len(data), generator=seeded(seed, "explore"))[:count]
    codes = sampling.encode(model, data, rows=rows).mean
    made = sliders(units, codes, result, model.prior.std if model.prior else None)
    kept = live_latents(made)
    distance = response_distance(model, codes, kept)
    first = int((codes == sampling.central(codes)).flatten(1).all(1).nonzero()[0])
    chosen = [first, *(row for row in range(count) if row != first)][:SAMPLES]
    drawn, words = _draw(model, codes, seed)
    plane = _plane(made)
    samples = data.batch(rows[chosen])
    return Contents(
        sliders=made,
        kept=kept,
        threshold=_threshold(result, distance),
        codes=_flat(codes),
        distance=distance,
        drawn=_flat(drawn),
        drawn_distance=response_distance(model, drawn, kept),
        drawn_from=words,
        samples=samples.float().numpy(),
        sample_codes=_flat(codes[chosen]),
        plane=plane,
        map=None if plane is None else _map(model, codes[first], made, plane, kept),
        walks=find_walks(model, codes[chosen], through=codes, kept=kept, budget=budget),
        reach=_reach(samples),
    )


def _flat(z: Tensor) -> np.ndarray:
    return z.flatten(1).float().numpy()


def _threshold(result: Assay, distance: np.ndarray) -> float:
    evidence = {section.key: section.evidence for section in result.sections}.get("holes")
    return float(np.quantile(distance, ENOUGH)) if evidence is None else float(evidence.threshold)


def _draw(model: Autoencoder, codes: Tensor, seed: int) -> tuple[Tensor, str]:
    generator = seeded(seed, "explored samples")
    if model.prior is not None:
        return sampling.prior(model, DRAWN, generator=generator), "the prior"
    return sampling.hybrid(codes, DRAWN, generator=generator), "hybrids"


def _plane(made: list[Slider]) -> tuple[int, int] | None:
    """The two units that the map begins with: those of which most comes back, or that vary most."""
    if len(made) < 2:
        return None
    order = sorted(range(len(made)), key=lambda unit: (-(made[unit].response or 0.0), -made[unit].spread))
    first, second = sorted(order[:2])
    return first, second


def _map(model: Autoencoder, base: Tensor, made: list[Slider], plane: tuple[int, int], kept: list[int]) -> np.ndarray:
    across, up = (made[unit] for unit in plane)
    xs, ys = (torch.linspace(each.low, each.high, GRID) for each in (across, up))
    y, x = (grid.flatten() for grid in torch.meshgrid(ys, xs, indexing="ij"))
    flat = move(move(base.flatten().expand(GRID * GRID, -1), across, x), up, y)
    return response_distance(model, flat.view(-1, *base.shape), kept).reshape(GRID, GRID)


def _reach(samples: Tensor) -> tuple[float, float]:
    """Least and greatest value that is drawn: 0 to 1, −1 to 1, or what the samples reach."""
    low, high = (float(value) for value in samples.aminmax())
    for least in (0.0, -1.0):
        if low >= least and high <= 1.0:
            return least, 1.0
    return low, high


def as_json(contents: Contents) -> dict[str, Any]:
    """Return the facts of a page; arrays are put elsewhere."""
    return {
        "sliders": [vars(slider) for slider in contents.sliders],
        "kept": contents.kept,
        "threshold": contents.threshold,
        "drawnFrom": contents.drawn_from,
        "plane": contents.plane,
        "reach": contents.reach,
        "walks": [
            {"a": walk.a, "b": walk.b, "points": len(walk.z), "variant": walk.variant} for walk in contents.walks
        ],
    }
