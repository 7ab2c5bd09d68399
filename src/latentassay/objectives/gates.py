"""A price for the open gates of a causal block: an edge is kept for what it gives, and not for having been there."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Generator, Tensor

from latentassay.core.checks import check_weights
from latentassay.core.errors import ContractError
from latentassay.objectives.vae import Loss


@runtime_checkable
class HasGates(Protocol):
    """What a model with gates that can be learned offers."""

    def open_gates(self) -> Tensor:
        """Return the expected number of open gates, with gradients."""


@dataclass(frozen=True)
class GatePenalty:
    """Adds a price for every open gate of a causal block: ``base + weight · Σ sigmoid(logit)``.

    In nats for each edge, where the base is in nats. The paper trains without ("without the need of any additional
    regularisation"); its public code has the term, switched off.

    Args:
        base: any objective.
        weight: price of an open gate.

    Raises:
        InputError: a negative or infinite weight.
        ContractError: when called on a model without gates.

    Source: IC 5, "The explicit causal latent block provides sparsity and self-consistency".
    """

    base: Any
    weight: float | int = 0.01

    def __post_init__(self) -> None:
        check_weights(weight=self.weight)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; its part ``gates`` is the expected number of open ones."""
        loss: Loss = self.base(model, x, generator)
        if not isinstance(model, HasGates):
            raise ContractError(f"{type(model).__name__} has no gates; train a model with an XBlock such as xae-s")
        gates = model.open_gates()
        return Loss(loss.total + self.weight * gates, {**loss.parts, "gates": gates})
