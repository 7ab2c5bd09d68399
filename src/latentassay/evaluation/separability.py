"""How well a straight cut through the latent space tells labels apart, and what else than the mean helps."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.arrays import as_array
from latentassay.core.autoencoder import Encoder
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.labels import encode_labels
from latentassay.core.observations import FactoredObservations, as_observations
from latentassay.core.randomness import as_generator
from latentassay.metrics import linear_probe
from latentassay.sampling import Codes, encode
from latentassay.stats.intervals import wilson

FEATURES = ("mean", "mean, variance", "sample")
"""What a classifier may look at: μ; μ and σ²; one z ~ q(z|x) of every row."""


class Separability(NamedTuple):
    """Accuracy of a linear classifier on rows it has not seen.

    Attributes:
        accuracy: features → share of the rows whose label is found; the interval is Wilson's, over these rows: the
            training is not repeated.
        baseline: share of the most frequent label.
        learned: rows learned from.
        n: rows measured on.
        variant: the classifier in words.
    """

    accuracy: Mapping[str, Estimate]
    baseline: float
    learned: int
    n: int
    variant: str


def linear_separability(
    model: Encoder,
    data: Any,
    test: Any,
    *,
    generator: Generator | int = 0,
    labels: tuple[Any, Any] | None = None,
    features: Sequence[str] = FEATURES,
    batch_size: int = 1024,
) -> Separability:
    """Learn labels by logistic regression on what an encoder says of ``data``, and try it on ``test`` (GEO 2.2).

    ``P(v | x) ∝ exp(w_v · h(x) + b_v)`` with h(x) one of μ(x), (μ(x), σ²(x)) and one sample z ~ q(z|x), standardised.
    Where codes are points, σ² is 0 and tells nothing, and z is μ.

    Args:
        model: any encoder.
        data: observations to learn from; ``test`` those to measure on.
        generator: for the samples.
        labels: of both, ``(n,)`` arrays or tensors of integers, names or truth values; the first factor of the
            data where left out.
        features: some of ``FEATURES``.
        batch_size: rows per pass.

    Raises:
        InputError: no labels, one class, unknown features, or codes that are NaN or infinite.

    >>> from latentassay.adapters import from_torch
    >>> model = from_torch(lambda x: x[:, :1], lambda z: torch.cat([z, z], 1), latent_shape=(1,))
    >>> x, labels = torch.linspace(-1, 1, 90)[:, None].expand(90, 2), torch.arange(90) // 45
    >>> found = linear_separability(model, x, x, labels=(labels, labels), generator=torch.Generator())
    >>> found.accuracy["mean"], found.baseline
    (1.000 (0.959 to 1.000), 0.5)
    """
    if unknown := set(features) - set(FEATURES):
        raise InputError(f"features must be some of {FEATURES}, got {', '.join(sorted(map(str, unknown)))}")
    generator = as_generator(generator)
    wanted = _number_together([_labels(rows, i, labels) for i, rows in enumerate((data, test))])
    seen = [_features(encode(model, rows, generator=generator, batch_size=batch_size)) for rows in (data, test)]
    probes = {name: linear_probe(seen[0][name], wanted[0], test=(seen[1][name], wanted[1])) for name in features}
    n, any_probe = len(wanted[1]), next(iter(probes.values()))
    return Separability(
        accuracy={name: _accuracy(float(probe.score), n) for name, probe in probes.items()},
        baseline=float(any_probe.baseline[0]),
        learned=len(wanted[0]),
        n=n,
        variant=any_probe.variant,
    )


def _accuracy(share: float, n: int) -> Estimate:
    low, high = wilson(round(share * n), n)
    return Estimate(share, low=low, high=high, n=n)


def _labels(data: Any, which: int, labels: tuple[Any, Any] | None) -> np.ndarray:
    observations = as_observations(data)
    if labels is not None:
        values: Any = labels[which]
    elif isinstance(data, FactoredObservations) and data.factors.size:
        values = data.factors.reshape(len(data), -1)[:, 0]
    else:
        raise InputError("data without factors need labels=(of data, of test), integers of shape (n,)")
    found = as_array(values, "labels")
    if found.dtype.kind not in "biufUSO":
        raise InputError(f"labels must be integers, names or truth values, got {found.dtype}")
    if found.shape != (len(observations),):
        raise InputError(f"labels must have shape ({len(observations)},), one for each row, got {found.shape}")
    return found


def _number_together(labels: list[np.ndarray]) -> list[np.ndarray]:
    """Number the labels of two sets as one, so that a name has one number in both."""
    kinds = {"U" if found.dtype.kind in "SU" else "i" for found in labels if found.dtype.kind != "O"}
    if len(kinds) > 1:
        raise InputError(f"labels of data and test must be of one type, got {labels[0].dtype} and {labels[1].dtype}")
    codes = encode_labels(np.concatenate(labels), name="labels").codes[:, 0]
    return np.split(codes, [len(labels[0])])


def _features(codes: Codes) -> dict[str, Float[Tensor, "n k"]]:
    mean, std = codes.mean.flatten(1), codes.std.flatten(1)
    z = mean if codes.sample is None else codes.sample.flatten(1)
    return dict(zip(FEATURES, (mean, torch.cat([mean, std.square()], 1), z), strict=True))
