"""What is asked of the VAEs of GEO: components, likelihoods, separability, and how sharply digits turn into others."""

import math
import warnings
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.adapters.torch import from_torch
from latentassay.core.autoencoder import eval_mode
from latentassay.evaluation.likelihood import FewEffectiveSamplesWarning, log_likelihood
from latentassay.evaluation.separability import linear_separability
from latentassay.geometry import interpolate, principal_spectrum
from latentassay.metrics.disentanglement.probe import logistic, with_one
from latentassay.objectives import Renyi
from latentassay.papers.geometry.runs import SCALES, Cell, Digits, Scale, digits, train
from latentassay.papers.results import pick
from latentassay.papers.runs import Scores, Settings, measured
from latentassay.sampling import drawn, encode
from latentassay.training import load_run, train_classifier

COMPONENTS, ALIGNED, CHANCE = "informative components", "alignment with axes", "alignment by chance"
BOUND, LIKELIHOOD, NOISE = "bound", "log p(x)", "noise of log p(x)"
EFFECTIVE, FEW = "effective samples (median)", "rows below 10 effective samples"
EIGENVALUE = "eigenvalue"
WIDTH, RIGHT = "width of the turn", "classifier right on test rows"
STEPS, PAIRS = 45, 200


def measure(cell: Cell) -> None:
    """Train the model of a cell and measure it; everything is kept in its folder."""
    spectrum_and_likelihood(cell)
    if cell.is_vae:
        for epoch in pick(SCALES, cell.scale).snapshots:
            separability(cell, epoch)
        turns(cell)
        if cell.seed == 0:
            pixels(cell)


def is_measured(cell: Cell) -> bool:
    """Whether the folder of a cell holds everything that ``measure`` leaves there."""
    names = ["geometry"]
    if cell.is_vae:
        epochs = pick(SCALES, cell.scale).snapshots
        names += ["turns", *(_separability_name(epoch * cell.steps_per_epoch) for epoch in epochs)]
        names += ["pixels"] if cell.seed == 0 else []
    return all((cell.home / f"{name}.json").exists() for name in names)


def spectrum_and_likelihood(cell: Cell) -> Scores:
    """Return the spectrum of test means, the bound it was trained by, and log p(x), of one model."""
    run, scale = train(cell), pick(SCALES, cell.scale)

    def ask() -> Scores:
        test = digits(scale.data, cell.data).test
        return _spectrum(run.model, test) | _likelihood(run.model, _evenly(test, scale.rows), cell, scale)

    settings: Settings = {"rows": scale.rows, "draws": scale.draws, "samples": scale.samples}
    return measured(run.path, "geometry", settings, ask)


def _spectrum(model: Any, test: Any) -> Scores:
    found = principal_spectrum(encode(model, test, batch_size=1024).mean)
    values = {f"{EIGENVALUE} {i}": float(value) for i, value in enumerate(found.eigenvalues)}
    return {COMPONENTS: float(found.dimension), ALIGNED: found.alignment, CHANCE: found.chance, **values}


def _evenly(data: Any, rows: int) -> Tensor:
    x: Tensor = data.batch(np.linspace(0, len(data) - 1, rows).round().astype(int))
    return x


def _likelihood(model: Any, x: Tensor, cell: Cell, scale: Scale) -> Scores:
    generator = torch.Generator().manual_seed(cell.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewEffectiveSamplesWarning)  # their number is one of the scores
        found = log_likelihood(model, x, samples=scale.draws, generator=generator)
    effective = found.per_row.effective_samples
    few = float((effective < 10).double().mean())
    bound = _bound(model, x, Renyi(cell.alpha, scale.samples), generator)
    return {
        BOUND: bound,
        LIKELIHOOD: found.value,
        NOISE: found.sampling_stderr,
        EFFECTIVE: float(effective.median()),
        FEW: few,
    }


def _bound(model: Any, x: Tensor, objective: Renyi, generator: torch.Generator) -> float:
    """Return the bound, mean over the rows and over as many new draws as make a hundred thousand decodings."""
    rounds = max(1, 100_000 // (objective.samples * len(x)))
    with eval_mode(model):
        losses = [
            objective(model, part, generator).total * len(part) for _ in range(rounds) for part in torch.split(x, 100)
        ]
    return -float(torch.stack(losses).double().sum()) / (rounds * len(x))


def separability(cell: Cell, epoch: int) -> Scores:
    """Return how well a linear classifier tells digits after an epoch of a VAE's training, for all its features."""
    home, scale = train(cell).path, pick(SCALES, cell.scale)
    step = epoch * cell.steps_per_epoch

    def ask() -> Scores:
        learned, test = digits(scale.data, cell.data)
        generator = torch.Generator().manual_seed(cell.seed)
        model = load_run(cell.home, step=step).model
        found = linear_separability(model, learned.take(np.arange(scale.learned)), test, generator=generator)
        return dict(found.accuracy)

    return measured(home, _separability_name(step), {"learned": scale.learned, "step": step}, ask)


def _separability_name(step: int) -> str:
    return f"separability-{step:08d}"


def pixels(cell: Cell) -> Scores:
    """Return how well the same classifier tells digits from the pixels that the model is given."""
    home, scale = train(cell).path, pick(SCALES, cell.scale)

    def ask() -> Scores:
        learned, test = digits(scale.data, cell.data)
        flat = from_torch(lambda x: x.flatten(1), lambda z: z, latent_shape=(int(np.prod(test.x_shape)),))
        rows, generator = learned.take(np.arange(scale.learned)), torch.Generator()
        return dict(linear_separability(flat, rows, test, generator=generator, features=("mean",)).accuracy)

    return measured(home, "pixels", {"learned": scale.learned}, ask)


PIXELS, MEANS, SAMPLES = "pixels", "means, straight", "samples, straight"
GEODESIC_SAMPLED, GEODESIC = "geodesic, sampled along", "geodesic, means"
WAYS = (PIXELS, MEANS, SAMPLES, GEODESIC_SAMPLED, GEODESIC)
"""Rows of GEO figure 5."""


def five_ways(model: Any, a: Tensor, b: Tensor, *, steps: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Go from pictures ``a`` to ``b`` in the five ways of GEO figure 5; return pictures ``(n, steps, c, h, w)``."""
    ends = [encode(model, x, generator=generator) for x in (a, b)]
    gaussians = [(end.mean, end.std) for end in ends]
    along = interpolate(model, *gaussians, metric="fisher-rao", steps=steps)
    noise = torch.randn(along.z.shape, generator=generator)
    with eval_mode(model):
        sampled = model.decode((along.z + noise * torch.as_tensor(along.std)).flatten(0, 1)).view(along.x.shape)
    t = torch.linspace(0, 1, steps).view(1, -1, 1, 1, 1)
    return {
        PIXELS: torch.lerp(a.unsqueeze(1), b.unsqueeze(1), t),
        MEANS: interpolate(model, ends[0].mean, ends[1].mean, steps=steps).x,
        SAMPLES: interpolate(model, drawn(ends[0]), drawn(ends[1]), steps=steps).x,
        GEODESIC_SAMPLED: sampled,
        GEODESIC: along.x,
    }


def turns(cell: Cell) -> Scores:
    """Return, for every kind of way, over what share of it a classifier is in doubt between the two digits.

    Mean over pairs of test pictures of different digits of the share of the way with P(second | first or second)
    between 0.1 and 0.9, the log-odds taken as straight between its steps.
    """
    run, scale = train(cell), pick(SCALES, cell.scale)

    def ask() -> Scores:
        judge, pairs = Judge(digits(scale.data, cell.data), cell.seed), PAIRS if scale.rows > PAIRS else 20
        a, b = judge.pairs(pairs, cell.seed)
        generator = torch.Generator().manual_seed(cell.seed)
        rows = five_ways(run.model, judge.x[a], judge.x[b], steps=STEPS, generator=generator)
        scores: Scores = {RIGHT: judge.accuracy}
        for name, pictures in rows.items():
            share = in_doubt(judge.odds(pictures, judge.labels[a], judge.labels[b]))
            scores |= {f"{WIDTH}, {name}": float(share.mean()), f"error, {name}": float(share.std()) / pairs**0.5}
        return scores

    return measured(
        run.path,
        "turns",
        {"pairs": PAIRS, "steps": STEPS, "between steps": "log-odds", "classifier": "features, 600 steps"},
        ask,
    )


def in_doubt(odds: Float[Tensor, "n steps"], *, within: float = math.log(9)) -> Float[Tensor, " n"]:
    """Return the share of a way with log-odds within ±log 9, that is P from 0.1 to 0.9; straight between steps.

    >>> in_doubt(torch.tensor([[-10.0, 10.0]]), within=5.0)
    tensor([0.5000])
    """
    low, high = torch.minimum(odds[:, :-1], odds[:, 1:]), torch.maximum(odds[:, :-1], odds[:, 1:])
    inside = (high.clamp(max=within) - low.clamp(min=-within)).clamp(min=0)
    level = (low == high) & (low.abs() <= within)
    return torch.where(level, 1.0, inside / (high - low).clamp(min=1e-12)).mean(1)


class Judge:
    """A classifier of digits that has never seen the model, to say where one digit turns into another."""

    def __init__(self, both: Digits, seed: int):
        self.x, self.labels = both.test.batch(np.arange(len(both.test))), both.test.factors[:, 0]
        rows = np.arange(min(20_000, len(both.train)))
        self._network = train_classifier(both.train, steps=600, seed=seed, device="cpu")
        self._weights = logistic(self._features(both.train.batch(rows)), both.train.factors[rows, 0])
        self.right = self._logits(self.x).argmax(1) == self.labels

    def _features(self, x: Tensor) -> Float[np.ndarray, "n f"]:
        with eval_mode(self._network):
            return torch.cat([self._network(part) for part in torch.split(x, 1024)]).double().numpy()

    def _logits(self, x: Tensor) -> Float[np.ndarray, "n k"]:
        logits: Float[np.ndarray, "n k"] = with_one(self._features(x)) @ self._weights.T
        return logits

    @property
    def accuracy(self) -> float:
        """Share of test rows told."""
        return float(self.right.mean())

    def pairs(self, count: int, seed: int) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Draw pairs of test pictures of different digits, both of which are told right."""
        rng, known = np.random.default_rng(seed), np.flatnonzero(self.right)
        a, b = rng.choice(known, 4 * count), rng.choice(known, 4 * count)
        differ = np.flatnonzero(self.labels[a] != self.labels[b])[:count]
        return a[differ], b[differ]

    def odds(
        self, pictures: Tensor, first: Int[np.ndarray, " n"], second: Int[np.ndarray, " n"]
    ) -> Float[Tensor, "n steps"]:
        """Return log P(second digit) − log P(first digit) of pictures ``(n, steps, …)``."""
        n, steps = pictures.shape[:2]
        logits = self._logits(pictures.flatten(0, 1)).reshape(n, steps, -1)
        rows = np.arange(n)
        return torch.from_numpy(logits[rows, :, second] - logits[rows, :, first])
