"""Rows that are given several times, as augmentations are: each counts for less than it is counted."""

import torch

from latentassay.truth.plant import Kind, Plant, chance, claim, torch_chance
from latentassay.truth.vectors import Faulty, clean_vectors, vector_world

NOISE = 0.01
"""Copies differ by so many standard deviations of the data, in half of the plants."""


def repeated(times: float, seed: int) -> Plant:
    """Plant data of which every row stands there so many times, exactly or with a little noise."""
    world, rng = vector_world(seed), chance("repeated rows", seed)
    data = world.draw()
    few = data[: max(1, round(len(data) / times))]
    rows = few.repeat(int(times), *[1] * (data.ndim - 1))
    if rng.random() < 0.5:
        rows = rows + NOISE * data.std() * torch.randn(rows.shape, generator=torch_chance(rng))
    return Plant(
        model=Faulty(world, (world.units,)),
        data=rows,
        truth=frozenset({claim("input_checks.repeats")}),
        # Whatever else is said rests on few rows, and copies are what holes take for the nearest of them.
        consequences=frozenset({"aggregate.correlated", "consistency.independence", "holes", "structure"}),
    )


KINDS = (
    Kind(
        name="repeated rows",
        keys=("input_checks.repeats",),
        sizes=(5.0, 10.0, 25.0),
        effect="times every row is given",
        plant=repeated,
        clean=clean_vectors,
    ),
)
