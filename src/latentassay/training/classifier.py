"""A classifier of a data set's own factors, whose last hidden layer serves as features where ImageNet's do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentassay.core.arrays import Array, as_tensor, like
from latentassay.core.autoencoder import eval_mode
from latentassay.core.checks import check_counts
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import FactoredObservations, varying_factors
from latentassay.core.progress import track
from latentassay.core.randomness import seeded
from latentassay.nn.coders import mlp_coders, small_conv_coders
from latentassay.stats.intervals import wilson
from latentassay.training.sampler import Sampler
from latentassay.training.schedules import cosine
from latentassay.training.source import Source, open_source
from latentassay.training.trainer import pick_device, training_mode

WIDTH = 128
"""Features."""

HELD_OUT = 0.2
"""Share of the rows that is held out to measure accuracy."""

MOST_HELD_OUT = 4096
"""No more rows than these are held out."""

MOST_SCALED = 2048
"""No more held-out rows than these set the features' scale."""


@final
@dataclass(frozen=True)
class Classifier:
    """Observations ``(n, *x_shape)`` to 128 features ``(n, 128)``, the activations that its classes are read from.

    They are centred and scaled as a whole, so that their variance is 1 on average over held-out rows.

    Attributes:
        features: the network, on the device it was trained on and in evaluation mode.
        name: what it was trained on, and how, for the variants of scores.
        accuracy: share of held-out rows that are classified right, mean over factors, with its 95 % interval by
            Wilson; for several factors it is too wide rather than too narrow.
        per_factor: accuracy for every factor by its name, likewise.
        n: number of held-out rows.
    """

    features: nn.Module
    name: str
    accuracy: Estimate
    per_factor: dict[str, Estimate]
    n: int

    @property
    def torch_modules(self) -> tuple[nn.Module, ...]:
        """The modules behind the features."""
        return (self.features,)

    def __call__(self, x: Array) -> Array:
        """Return the features ``(n, 128)`` of observations ``(n, *x_shape)``, which lie on the device of the network.

        Of a numpy array they are one.
        """
        return like(self.features(as_tensor(x, "x")), x)


def train_classifier(
    data: Any,
    *,
    factor: str | int | None = None,
    steps: int = 1000,
    batch_size: int = 128,
    lr: float = 3e-3,
    seed: int = 0,
    device: Any = "auto",
) -> Classifier:
    """Train a small network to tell the values of a data set's factors, and return it as an extractor of features.

    Images go through strided convolutions (see ``nn.coders.small_conv_coders``), or, of sides that these do not take,
    like vectors through two hidden layers of 256. Adam descends the sum of the factors' cross-entropies, its rate
    falling along a cosine. A fifth of the rows, at most 4096, is held out.

    Features that a network learned from the data at hand see what matters there, where those of ImageNet may not; but
    they differ from network to network, so compare scores of one classifier only, which its ``name`` tells.

    Args:
        data: a ``FactorData``, or other observations with factors.
        factor: name or number of one factor; all that vary if left out.
        steps: optimiser steps.
        batch_size: observations in a step.
        lr: learning rate at the start.
        seed: fixes weights, batches and the held-out rows; the global random state is left as it was.
        device: ``"auto"`` takes a GPU that torch can use; the classifier stays on the device.

    Raises:
        InputError: data without factors that vary, no such factor, fewer than 10 rows, or a count that is not positive.

    >>> from latentassay import data
    >>> found = train_classifier(data.load("helix", n=64), steps=2, device="cpu")
    >>> found.n, found(torch.zeros(5, 3)).shape
    (12, torch.Size([5, 128]))
    """
    _check(data, steps, batch_size)
    columns, where = _columns(data, factor), pick_device(device)
    names, sizes = [data.factor_names[c] for c in columns], [data.factor_sizes[c] for c in columns]
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(data)))
    held_out, kept = order.tensor_split([min(int(HELD_OUT * len(data)), MOST_HELD_OUT)])
    network = _network(data.x_shape, sum(sizes), seed).to(where)
    source = open_source(data, network, where, draws=steps * batch_size)
    task = _Task(network, source, torch.from_numpy(data.factors[:, columns]).to(where), sizes)
    with training_mode(network, where, seed):
        batches, schedule = Sampler(len(kept), batch_size, seed), cosine(lr, steps)
        optimizer = torch.optim.Adam(network.parameters(), lr=lr, fused=True)
        for step in track(range(steps), "training a classifier"):
            _learn(task, optimizer, kept[batches.rows(step)], schedule(step))
    shares, n = _accuracies(task, held_out), len(held_out)
    return Classifier(
        features=nn.Sequential(network[0], _standardise(network[0], source, held_out)).eval(),
        name=f"classifier of {getattr(data, 'name', 'data')} ({', '.join(names)}; {steps} steps, seed {seed})",
        # A row's mean over factors varies no more than a single right or wrong of the same mean does.
        accuracy=_proportion(float(np.mean(shares)), n),
        per_factor={name: _proportion(share, n) for name, share in zip(names, shares, strict=True)},
        n=n,
    )


class _Task(NamedTuple):
    """What is learned, and from what."""

    network: nn.Module
    source: Source
    labels: Int[Tensor, "n m"]
    sizes: list[int]

    def answers(self, rows: Int[Tensor, " b"]) -> tuple[tuple[Tensor, ...], Int[Tensor, "b m"]]:
        """Return the logits of every factor for some rows, and the right values."""
        logits = torch.split(self.network(self.source.batch(rows)), self.sizes, 1)
        return logits, self.labels[rows.to(self.labels.device)]


def _network(x_shape: Sequence[int], classes: int, seed: int) -> nn.Sequential:
    """Features, then classes."""
    with seeded(seed):
        return nn.Sequential(nn.Sequential(_encoder(x_shape), nn.ELU()), nn.Linear(WIDTH, classes))


def _encoder(x_shape: Sequence[int]) -> nn.Module:
    try:
        return small_conv_coders(x_shape, 1, WIDTH).encoder
    except InputError:
        return mlp_coders(x_shape, 1, WIDTH).encoder


def _learn(task: _Task, optimizer: torch.optim.Optimizer, rows: Int[Tensor, " b"], lr: float) -> None:
    logits, right = task.answers(rows)
    loss = torch.stack([cross_entropy(own, right[:, m]) for m, own in enumerate(logits)]).sum()
    optimizer.param_groups[0]["lr"] = lr
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _proportion(share: float, n: int) -> Estimate:
    low, high = wilson(round(share * n), n)
    return Estimate(share, low=min(low, share), high=max(high, share), n=n)  # a mean of factors may be no k / n


def _accuracies(task: _Task, rows: Int[Tensor, " h"]) -> list[float]:
    """Share of the rows whose value is the class of the largest logit, for every factor."""
    hits = torch.zeros(len(task.sizes), dtype=torch.float64)
    with eval_mode(task.network):
        for part in torch.split(rows, 512):
            logits, right = task.answers(part)
            likeliest = torch.stack([own.argmax(1) for own in logits], 1)
            hits += (likeliest == right).double().sum(0).cpu()
    return [float(share) for share in hits / len(rows)]


class _Standardised(nn.Module):
    """``(features − centre) / scale``."""

    def __init__(self, centre: Float[Tensor, " k"], scale: Float[Tensor, ""]):
        super().__init__()
        self.centre: Tensor
        self.scale: Tensor
        self.register_buffer("centre", centre)
        self.register_buffer("scale", scale)

    def forward(self, x: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
        return (x - self.centre) / self.scale


def _standardise(encoder: nn.Module, source: Source, rows: Int[Tensor, " h"]) -> _Standardised:
    """Bring features to mean 0 and variance 1 on average, with one scale for all.

    A network's activations have whatever size training left them, and the cubic kernel distance blows it up.
    """
    with eval_mode(encoder):
        seen = torch.cat([encoder(source.batch(part)) for part in torch.split(rows[:MOST_SCALED], 512)])
    variance = seen.var(0, correction=0).mean()
    return _Standardised(seen.mean(0), torch.where(variance > 0, variance, torch.ones_like(variance)).sqrt())


def _check(data: Any, steps: int, batch_size: int) -> None:
    if not isinstance(data, FactoredObservations):
        raise InputError(f"a classifier needs observations with factors, got {type(data).__name__}; make a FactorData")
    if len(data) < 10:
        raise InputError(f"a classifier needs at least 10 rows, got {len(data)}")
    check_counts(steps=steps, batch_size=batch_size)


def _columns(data: FactoredObservations, factor: str | int | None) -> list[int]:
    """Numbers of the factors to learn, of which each must vary."""
    varying = varying_factors(data)
    number = data.factor_names.index(factor) if isinstance(factor, str) and factor in data.factor_names else factor
    wanted = varying if number is None else [m for m in varying if m == number]
    if not wanted:
        names = ", ".join(data.factor_names[m] for m in varying) or "none"
        raise InputError(f"no factor {factor!r} that varies; those that do: {names}")
    return wanted
