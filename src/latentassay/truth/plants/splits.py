"""Models that know their training rows by heart, and models that are asked about the rows they were trained on."""

from typing import Any

import torch
from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim
from latentassay.truth.vectors import Faulty, known_of, vector_world

TRAINED_ON = 600
"""Rows that a model of this family was trained on."""


def memorised(share: float, seed: int) -> Plant:
    """Plant a decoder that remembers this share of what is left over of every training row, and knows no other row.

    Near the code of a training row it adds that row's residual, so that the squared error there is (1 − share)² of what
    it is on other rows.
    """
    world = vector_world(seed)
    train = world.draw(TRAINED_ON, part="train")
    codes = world.encode(train)[0]
    residual = share * (train - world.decode(codes))
    near = torch.cdist(codes, codes) + 1e9 * torch.eye(len(codes))
    width = float(near.min(1).values.median()) / 20

    class Memory:
        """The world's optimum with a memory of rows."""

        def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return world.encode(x)

        def decode(self, hidden: Tensor) -> Tensor:
            distance, row = torch.cdist(hidden, codes, compute_mode="donot_use_mm_for_euclid_dist").min(1)
            known: Tensor = (distance < width).float()[:, None] * residual[row]
            return world.decode(hidden) + known

    return Plant(
        model=Faulty(Memory(), (world.units,)),
        data=world.draw(),
        truth=frozenset({claim("generalisation.gap")}),
        options={"train": train},
    )


def same_rows(share: float, seed: int) -> Plant:
    """Plant a question about rows of which this share are training rows; the model itself is the optimum."""
    world, rng = vector_world(seed), chance("same rows", seed)
    data = world.draw()
    train = world.draw(TRAINED_ON, part="train")
    seen = torch.from_numpy(rng.permutation(len(data))[: int(share * len(data))])
    train = torch.cat([train, data[seen]]) if share < 1 else data[torch.from_numpy(rng.permutation(len(data)))]
    return Plant(
        model=Faulty(world, (world.units,)),
        data=data,
        truth=frozenset({claim("generalisation.same_rows")}),
        options={"train": train},
    )


def clean_split(seed: int) -> Plant:
    """Return the clean twin: the optimum, with rows that it was trained on and others."""
    world = vector_world(seed)
    options: dict[str, Any] = {"train": world.draw(TRAINED_ON, part="train")}
    return Plant(model=Faulty(world, (world.units,)), data=world.draw(), options=options, known=known_of(world))


KINDS = (
    Kind(
        name="memorised rows",
        keys=("generalisation.gap",),
        sizes=(0.3, 0.6, 0.9),
        effect="share of every training row's residual that is remembered",
        plant=memorised,
        clean=clean_split,
    ),
    Kind(
        name="asked about training rows",
        keys=("generalisation.same_rows",),
        sizes=(0.1, 0.5, 1.0),
        effect="share of the rows that are training rows",
        plant=same_rows,
        clean=clean_split,
    ),
)
