"""Which of several models are the most and the least disentangled."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.randomness import as_seed
from latentassay.metrics import Table, encode_table, mig, separation, udr

Metric = Literal["mig", "ds", "udr"]


class Choice(NamedTuple):
    """The models at both ends of a ranking.

    Attributes:
        disentangled: those with the largest scores, best first.
        entangled: those with the smallest, worst first.
        scores: of all models, in the order given.
        order: their places from the best to the worst.
        n: rows they were scored on.
        variant: the metric, in words.
    """

    disentangled: tuple[Any, ...]
    entangled: tuple[Any, ...]
    scores: Float[np.ndarray, " k"]
    order: tuple[int, ...]
    n: int
    variant: str


def most_and_least(
    models: Sequence[Any],
    data: Any,
    *,
    count: int = 4,
    metric: Metric = "mig",
    rows: int = 10_000,
    generator: Generator | int = 0,
) -> Choice:
    """Rank models by how disentangled their codes are, and return ``count`` from either end.

    Args:
        models: trained on the same data with different seeds, at least ``2 · count``.
        data: a ``FactorData``.
        count: models a side.
        metric: ``"mig"``, which the text took "for the sake of simplicity"; ``"ds"``, the disentanglement score; or
            ``"udr"``, which needs no factors.
        rows: rows that are encoded, at most, the same for all models.
        generator: draws the rows, or a seed.

    Raises:
        InputError: too few models, an unknown metric, or whatever the metric refuses.

    Source: "VAEs and principal components", 4.2.3 and 4.3.1.

    >>> from latentassay import data, models
    >>> helix = data.load("helix", n=64)
    >>> three = [models.build("vae-mlp", x_shape=(3,), latents=2, seed=s, likelihood="squared") for s in range(3)]
    >>> found = most_and_least(three, helix, count=1)
    >>> found.disentangled[0] is three[found.order[0]]
    True
    """
    if metric not in ("mig", "ds", "udr"):
        raise InputError(f"metric must be 'mig', 'ds' or 'udr', got {metric!r}")
    if count < 1 or len(models) < 2 * count:
        raise InputError(
            f"{count} models from either end need at least {2 * count}, got {len(models)}; "
            "train more seeds, or lower count"
        )
    seed = as_seed(generator)  # one number, so that all models encode the same rows
    tables = [encode_table(model, data, n=rows, seed=seed) for model in models]
    scores, variant = _scores(tables, metric)
    order = tuple(int(place) for place in np.argsort(-scores, kind="stable"))
    return Choice(
        disentangled=tuple(models[place] for place in order[:count]),
        entangled=tuple(models[place] for place in order[::-1][:count]),
        scores=scores,
        order=order,
        n=tables[0].n,
        variant=variant,
    )


def _scores(tables: Sequence[Table], metric: Metric) -> tuple[Float[np.ndarray, " k"], str]:
    """Return the score of every table, and the metric in words."""
    if metric == "udr":
        ranked = udr([table.codes for table in tables])
        return ranked.scores, f"udr, {ranked.variant}"
    measure = mig if metric == "mig" else separation
    each = [measure(table.codes, table.factors) for table in tables]
    return np.array([found.score for found in each]), f"{metric}, {each[0].variant}"
