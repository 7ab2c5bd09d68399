"""How sharply one digit turns into another: five ways between pictures, and a classifier that says where (GEO 5)."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.autoencoder import eval_mode
from latentassay.core.guard import decode_batch
from latentassay.geometry import interpolate
from latentassay.metrics.disentanglement.probe import logistic, with_one
from latentassay.papers.digits import TrainTest, black_and_white_digits
from latentassay.papers.experiment import pick_scale
from latentassay.papers.geometry.configurations import SCALES, DigitsConfiguration, train
from latentassay.papers.geometry.spread import DRAWS, measure_spread
from latentassay.papers.runs import Scores, Settings, measure_once
from latentassay.sampling import drawn, encode
from latentassay.training import train_classifier

WIDTH = "width of the turn"
"""Share of a way along which the classifier is in doubt."""

RIGHT = "classifier right on test rows"
"""Share of test rows."""

STEPS = 45
"""Pictures along each way."""

PAIRS = 200
"""Pairs of test pictures; a tenth where few test rows are measured."""

PIXELS = "pixels"
"""From picture to picture, a straight line between grey values."""

MEANS = "means, straight"
"""A straight line between posterior means, decoded."""

SAMPLES = "samples, straight"
"""A straight line between posterior samples, decoded."""

GEODESIC_SAMPLED = "geodesic, sampled along"
"""The Fisher-Rao geodesic between posteriors, a sample of each Gaussian along it decoded."""

GEODESIC = "geodesic, means"
"""The same geodesic, its means decoded."""

WAYS = (PIXELS, MEANS, SAMPLES, GEODESIC_SAMPLED, GEODESIC)
"""Rows of GEO figure 5."""


def decode_five_ways(model: Any, a: Tensor, b: Tensor, *, steps: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Return way → pictures ``(n, steps, c, h, w)`` from pictures ``a`` to ``b``, for the five ways of GEO figure 5."""
    ends = [encode(model, x, generator=generator) for x in (a, b)]
    gaussians = [(end.mean, end.std) for end in ends]
    along = interpolate(model, *gaussians, metric="fisher-rao", steps=steps)
    noise = torch.randn(along.z.shape, generator=generator)
    with eval_mode(model):
        sampled = decode_batch(model, (along.z + noise * torch.as_tensor(along.std)).flatten(0, 1)).view(along.x.shape)
    t = torch.linspace(0, 1, steps).view(1, -1, 1, 1, 1)
    return {
        PIXELS: torch.lerp(a.unsqueeze(1), b.unsqueeze(1), t),
        MEANS: interpolate(model, ends[0].mean, ends[1].mean, steps=steps).x,
        SAMPLES: interpolate(model, drawn(ends[0]), drawn(ends[1]), steps=steps).x,
        GEODESIC_SAMPLED: sampled,
        GEODESIC: along.x,
    }


def measure_turns(configuration: DigitsConfiguration) -> Scores:
    """Return, for every kind of way, over what share of it a classifier is in doubt between the two digits.

    Mean over pairs of test pictures of different digits of the share of the way with P(second | first or second)
    between 0.1 and 0.9, the log-odds taken as straight between its steps.
    """
    run, scale = train(configuration), pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        classifier = train_digit_classifier(scale.data, configuration.files, configuration.seed)
        pairs = PAIRS if scale.rows > PAIRS else PAIRS // 10
        a, b = classifier.draw_pairs(pairs, configuration.seed)
        generator = torch.Generator().manual_seed(configuration.seed)
        rows = decode_five_ways(run.model, classifier.x[a], classifier.x[b], steps=STEPS, generator=generator)
        scores: Scores = {RIGHT: classifier.accuracy}
        for name, pictures in rows.items():
            share = measure_doubt(classifier.log_odds(pictures, classifier.labels[a], classifier.labels[b]))
            scores |= {f"{WIDTH}, {name}": float(share.mean()), f"error, {name}": float(share.std()) / pairs**0.5}
        return scores | measure_spread(run.model, classifier.x[a], classifier.x[b], generator=generator)

    settings: Settings = {"spread": DRAWS, "pairs": PAIRS, "steps": STEPS}
    settings |= {"between steps": "log-odds", "classifier": "features, 600 steps"}
    return measure_once(run.path, "turns", settings, measure)


def measure_doubt(odds: Float[Tensor, "n steps"], *, within: float = math.log(9)) -> Float[Tensor, " n"]:
    """Return the share of a way with log-odds within ±log 9, that is P from 0.1 to 0.9; straight between steps.

    >>> measure_doubt(torch.tensor([[-10.0, 10.0]]), within=5.0)
    tensor([0.5000])
    """
    low, high = torch.minimum(odds[:, :-1], odds[:, 1:]), torch.maximum(odds[:, :-1], odds[:, 1:])
    inside = (high.clamp(max=within) - low.clamp(min=-within)).clamp(min=0)
    level = (low == high) & (low.abs() <= within)
    return torch.where(level, 1.0, inside / (high - low).clamp(min=1e-12)).mean(1)


@cache
def train_digit_classifier(name: str, files: Path | None, seed: int) -> "DigitClassifier":
    """Return the classifier that judges all models of a seed, trained once in a process."""
    return DigitClassifier(black_and_white_digits(name, files), seed)


class DigitClassifier:
    """A classifier of digits that has never seen the model, to say where one digit turns into another."""

    def __init__(self, digits: TrainTest, seed: int):
        self.x, self.labels = digits.test.batch(np.arange(len(digits.test))), digits.test.factors[:, 0]
        rows = np.arange(min(20_000, len(digits.train)))
        self._network = train_classifier(digits.train, steps=600, seed=seed, device="cpu")
        self._weights = logistic(self._compute_features(digits.train.batch(rows)), digits.train.factors[rows, 0])
        self.right = self._compute_logits(self.x).argmax(1) == self.labels

    def _compute_features(self, x: Tensor) -> Float[np.ndarray, "n f"]:
        with eval_mode(self._network):
            return torch.cat([self._network(part) for part in torch.split(x, 1024)]).double().numpy()

    def _compute_logits(self, x: Tensor) -> Float[np.ndarray, "n k"]:
        logits: Float[np.ndarray, "n k"] = with_one(self._compute_features(x)) @ self._weights.T
        return logits

    @property
    def accuracy(self) -> float:
        """Share of test rows whose digit it gets right."""
        return float(self.right.mean())

    def draw_pairs(self, count: int, seed: int) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Draw pairs of test pictures of different digits, both of which it gets right."""
        rng, known = np.random.default_rng(seed), np.flatnonzero(self.right)
        a, b = rng.choice(known, 4 * count), rng.choice(known, 4 * count)
        differ = np.flatnonzero(self.labels[a] != self.labels[b])[:count]
        return a[differ], b[differ]

    def log_odds(
        self, pictures: Tensor, first: Int[np.ndarray, " n"], second: Int[np.ndarray, " n"]
    ) -> Float[Tensor, "n steps"]:
        """Return log P(second digit) − log P(first digit) of pictures ``(n, steps, …)``."""
        n, steps = pictures.shape[:2]
        logits = self._compute_logits(pictures.flatten(0, 1)).reshape(n, steps, -1)
        rows = np.arange(n)
        return torch.from_numpy(logits[rows, :, second] - logits[rows, :, first])
