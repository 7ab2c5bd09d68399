"""p(x|z): how a decoder's output becomes a mean and a negative log-likelihood."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from latentassay.core.errors import InputError
from latentassay.core.posteriors import LOG_2PI
from latentassay.core.signatures import bind


class Likelihood(ABC):
    """Observation model of a decoder; ``output`` is what its last layer returns, ``(n, *x_shape)``."""

    support: tuple[float, float] = (-math.inf, math.inf)
    """Range that observations must lie in."""

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """Expected observation, shaped like ``output``."""

    @abstractmethod
    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """−log p(x|z) per row, summed over the values of ``x``: ``(n,)``, in nats unless said otherwise."""


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """Independent Bernoulli values; ``output`` are logits. Grey values in [0, 1] give the cross entropy.

    >>> Bernoulli().nll(torch.zeros(1, 2), torch.ones(1, 2))
    tensor([1.3863])
    """

    support = (0.0, 1.0)

    def mean(self, output: Tensor) -> Tensor:
        """Sigmoid of the logits."""
        return output.sigmoid()

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """−Σ [x log p + (1−x) log(1−p)] in nats."""
        return F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)


@dataclass(frozen=True)
class Gaussian(Likelihood):
    """Independent normal values of one fixed standard deviation ``std``; ``output`` is the mean.

    With ``squashed`` the mean is the sigmoid of the output, for observations in [0, 1] (IC A.3).

    >>> Gaussian(std=1.0).nll(torch.zeros(1, 2), torch.zeros(1, 2))
    tensor([1.8379])
    """

    std: float = 1.0
    squashed: bool = False

    def mean(self, output: Tensor) -> Tensor:
        """Return the output itself, or its sigmoid if ``squashed``."""
        return output.sigmoid() if self.squashed else output

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """½ Σ [((x−μ)/σ)² + log 2π] + D log σ in nats, D the number of values."""
        scaled = ((x - self.mean(output)) / self.std).flatten(1)
        constant = 0.5 * LOG_2PI + math.log(self.std)
        return 0.5 * scaled.square().sum(1) + constant * scaled.shape[1]


@dataclass(frozen=True)
class SquaredError(Likelihood):
    """Squared error summed over the values; a Gaussian nll with σ² = ½ up to its constant, so not in nats.

    >>> SquaredError().nll(torch.zeros(1, 2), torch.ones(1, 2))
    tensor([2.])
    """

    def mean(self, output: Tensor) -> Tensor:
        """Return the output itself."""
        return output

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """Σ (x−μ)²."""
        return (x - output).square().flatten(1).sum(1)


LIKELIHOODS: dict[str, Callable[..., Likelihood]] = {
    "bernoulli": Bernoulli,
    "gaussian": Gaussian,
    "squared": SquaredError,
}
"""Every likelihood by its name."""


def as_likelihood(likelihood: Any) -> Likelihood:
    """Return a likelihood as it is, or by its name, or by a mapping of its name and options.

    Raises:
        InputError: an unknown name, or options that it does not take.

    >>> as_likelihood({"name": "gaussian", "std": 0.5})
    Gaussian(std=0.5, squashed=False)
    """
    if isinstance(likelihood, Likelihood):
        return likelihood
    wanted = {"name": likelihood} if isinstance(likelihood, str) else likelihood
    if not isinstance(wanted, Mapping) or str(wanted.get("name")) not in LIKELIHOODS:
        raise InputError(f"likelihood must be a Likelihood or one of {', '.join(LIKELIHOODS)}, got {likelihood!r}")
    options = {key: value for key, value in wanted.items() if key != "name"}
    kind = LIKELIHOODS[wanted["name"]]
    bind(kind, name=f"likelihood {wanted['name']}", **options)
    return kind(**options)
