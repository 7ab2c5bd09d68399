"""Cases of ``bench/coverage.py``: causal scores, read off the conditioned response matrix, n groups a factor."""

from collections.abc import Iterator, Mapping
from functools import cache, partial

import numpy as np
import torch
from coverage_case import Case

import latentassay as la
from latentassay.adapters import from_torch
from latentassay.core.estimate import Estimate

SIZES, TRUE_GRIDS = (8, 6, 12), 200
"""Values of two factors that units follow and of one that they ignore; grids that the truth is of, 115 200 rows."""

TURNS = {"codes follow their factors": 0, "codes are turned by 20 degrees": 20, "codes are turned by 40 degrees": 40}


def noisy_grid(turn: int, seed: int) -> la.data.FactorData:
    codes = np.indices(SIZES).reshape(3, -1).T
    angle = np.deg2rad(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    z = codes[:, :2] / 4 @ rotation + 0.2 * np.random.default_rng(seed).normal(size=(len(codes), 2))
    return la.data.FactorData(z.astype(np.float32), codes, ("a", "b", "draw"), SIZES)


def scores(turn: int, seed: int, groups: int) -> dict[str, Estimate]:
    model = from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    drawn = torch.Generator().manual_seed(seed)
    matrix = la.conditioned_response_matrix(model, noisy_grid(turn, seed), generator=drawn, groups_per_factor=groups)
    return {"cds": la.causal_disentanglement(matrix).score, "ccs": la.causal_completeness(matrix).score}


def draw(turn: int, n: int, seed: int) -> Mapping[str, Estimate]:
    return scores(turn, seed, n)


@cache
def truth(turn: int) -> Mapping[str, float]:
    found = [scores(turn, 10_000 + seed, 10**6) for seed in range(TRUE_GRIDS)]
    return {name: float(np.mean([values[name] for values in found])) for name in ("cds", "ccs")}


def causal_cases() -> Iterator[Case]:
    for words, turn in TURNS.items():
        yield Case(
            words,
            partial(draw, turn),
            lambda n, turn=turn: truth(turn),
            sizes=(12, 40),
            against=lambda quantity: f"mean of {TRUE_GRIDS} grids with all groups",
            variant="n groups a factor",
        )
