"""Objectives with networks of their own, such as a discriminator, which learn beside the model."""

from collections.abc import Callable
from dataclasses import is_dataclass, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

from torch import Generator, Tensor, nn

from latentassay.objectives.vae import Loss

Betas = tuple[float, float]
ADAM: Betas = (0.9, 0.999)
"""Decay rates of Adam's moments where nobody asks for others."""


class WithAuxiliary(NamedTuple):
    """An objective made ready for one run.

    One backward pass of ``loss`` reaches both the model and ``networks``, and one step of Adam moves both. So a term
    that is meant for one of them has to reach that one alone: detach what it gets, or use ``frozen``.

    Attributes:
        networks: what the objective brings along, empty where it brings nothing. ``fit`` trains it with the model and
            keeps it in checkpoints, though not in the model.
        loss: ``(model, x, generator) → Loss``, which uses them.
        rate: how much faster than the model the networks learn: a factor on its learning rate.
        betas: decay rates of Adam's moments for the networks.
        model_betas: the same for the model.
        lr: a learning rate for the networks alone, in place of ``rate``: it follows neither the model's nor its
            schedule.
    """

    networks: nn.Module
    loss: Callable[[Any, Tensor, Generator], Loss]
    rate: float | int = 1.0
    betas: Betas = ADAM
    model_betas: Betas = ADAM
    lr: float | int | None = None


@runtime_checkable
class NeedsAuxiliary(Protocol):
    """What an objective with networks of its own offers besides being called."""

    def with_auxiliary(self, model: Any) -> WithAuxiliary:
        """Make fresh networks for a model, where it lives; the same each time it is asked."""


def with_auxiliary(objective: Any, model: Any) -> WithAuxiliary:
    """Make any objective ready for a run; one around a ``base`` is equipped as its base is.

    >>> from latentassay.objectives import AE
    >>> with_auxiliary(AE(), None).loss
    AE()
    """
    if isinstance(objective, NeedsAuxiliary):
        return objective.with_auxiliary(model)
    base = getattr(objective, "base", None)
    if base is None or not is_dataclass(objective) or isinstance(objective, type):
        return WithAuxiliary(nn.ModuleList(), objective)
    ready = with_auxiliary(base, model)
    around: Any = objective if ready.loss is base else replace(objective, base=ready.loss)
    return ready._replace(loss=around)


@runtime_checkable
class Counts(Protocol):
    """What an objective offers that has to know of how many rows the data are."""

    def counted(self, rows: int) -> Any:
        """Return the objective with that number filled in where it was left out."""


def counted(objective: Any, rows: int) -> Any:
    """Tell an objective of how many rows the data are, if it asks; one around a ``base`` passes it on.

    >>> from latentassay.objectives import AE, BetaTCVAE, Invariance
    >>> counted(AE(), 1000), counted(Invariance(BetaTCVAE(4.0)), 1000).base.n
    (AE(), 1000)
    """
    if isinstance(objective, Counts):
        return objective.counted(rows)
    base = getattr(objective, "base", None)
    if base is None or not is_dataclass(objective) or isinstance(objective, type):
        return objective
    told = counted(base, rows)
    around: Any = objective if told is base else replace(objective, base=told)
    return around


def frozen(network: nn.Module, *inputs: Tensor) -> Tensor:
    """Ask a network so that gradients reach the inputs, but not the network.

    >>> network, x = nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    >>> frozen(network, x).sum().backward()
    >>> network.weight.grad is None, x.grad is None
    (True, False)
    """
    from torch.func import functional_call

    answer: Tensor = functional_call(network, {k: p.detach() for k, p in network.named_parameters()}, inputs)
    return answer
