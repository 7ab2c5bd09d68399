"""Cases of ``bench/coverage.py``: how alike linear encoders of several seeds are, by UDR."""

from collections.abc import Iterator, Mapping
from functools import cache, partial

import numpy as np
from coverage_case import Case
from coverage_metrics import MANY, RESAMPLES, TRUE_ROWS

import latentassay as la
from latentassay.core.estimate import Estimate

MODELS, VARIABLES, NOISE, TRUE_SAMPLES = 4, 3, 0.3, 1000

TURNS = {
    "four linear encoders of the same units": 0.0,
    "four linear encoders turned by 0, 10, 20 and 30 degrees": 10.0,
    "four linear encoders turned by 0, 20, 40 and 60 degrees": 20.0,
}
SIMILARITIES = ("lasso", "spearman")


def encode(turn: float, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Codes of the same rows: model k turns the first two variables k times, then orders and signs units its own way.

    Variables are normal with variances 1, 1 and 2, and every unit has noise of its own: the correlation of unit a of
    model i and unit b of model j is known from their angles.
    """
    z = rng.normal(size=(n, VARIABLES)) * np.sqrt([1.0, 1.0, 2.0])
    codes = []
    for model in range(MODELS):
        angle, own = np.deg2rad(turn * model), np.random.default_rng(model)
        turned = z.copy()
        turned[:, :2] = z[:, :2] @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        ordered = turned[:, own.permutation(VARIABLES)] * own.choice([-1.0, 1.0], VARIABLES)
        codes.append(ordered + NOISE * rng.normal(size=ordered.shape))
    return codes


def draw(turn: float, n: int, seed: int) -> dict[str, list[Estimate]]:
    """The score of every model with 1.96 of its standard errors, for both truths."""
    codes = encode(turn, n, np.random.default_rng([seed, n]))
    found = {}
    for similarity in SIMILARITIES:
        scored = la.metrics.udr(codes, similarity=similarity, resamples=RESAMPLES, generator=seed)
        errors = zip(scored.scores, scored.scores_stderr, strict=True)
        estimates = [Estimate(score, stderr=stderr, n=n) for score, stderr in errors]
        found |= {f"udr, {similarity}{against}": estimates for against in ("", MANY)}
    return found


@cache
def truth(turn: float, n: int) -> Mapping[str, list[float]]:
    samples = [encode(turn, n, np.random.default_rng([seed, n])) for seed in range(10**6, 10**6 + TRUE_SAMPLES)]
    many = encode(turn, TRUE_ROWS, np.random.default_rng(2**31))
    values = {}
    for similarity in SIMILARITIES:
        scores = [la.metrics.udr(codes, similarity=similarity).scores for codes in samples]
        values[f"udr, {similarity}"] = np.mean(scores, 0).tolist()
        values[f"udr, {similarity}{MANY}"] = la.metrics.udr(many, similarity=similarity).scores.tolist()
    return values


def udr_cases() -> Iterator[Case]:
    for words, turn in TURNS.items():
        yield Case(words, partial(draw, turn), partial(truth, turn), against=of_which, metric="udr")


def of_which(quantity: str) -> str:
    return f"{TRUE_ROWS:,} rows" if quantity.endswith(MANY) else f"mean of {TRUE_SAMPLES} samples of n rows"
