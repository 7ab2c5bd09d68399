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
    that is meant for one of them has to reach that one alone: detach what it gets, or use ``call_frozen``.

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
        """Make fresh networks for a model, on its device; the same each time it is called."""


def with_auxiliary(objective: Any, model: Any) -> WithAuxiliary:
    """Make any objective ready for a run; one around a ``base`` gets the networks of its base.

    >>> from latentassay.objectives import AE
    >>> with_auxiliary(AE(), None).loss
    AE()
    """
    if isinstance(objective, NeedsAuxiliary):
        return objective.with_auxiliary(model)
    base = _base_of(objective)
    if base is None:
        return WithAuxiliary(nn.ModuleList(), objective)
    auxiliary = with_auxiliary(base, model)
    return auxiliary._replace(loss=_around(objective, auxiliary.loss))


@runtime_checkable
class NeedsRows(Protocol):
    """What an objective offers that depends on the number of rows of the data."""

    def with_rows(self, rows: int) -> Any:
        """Return the objective with that number filled in where it was left out."""


def with_rows(objective: Any, rows: int) -> Any:
    """Fill in the number of rows of the data, if an objective needs it; one around a ``base`` passes it on.

    >>> from latentassay.objectives import AE, BetaTCVAE, Invariance
    >>> with_rows(AE(), 1000), with_rows(Invariance(BetaTCVAE(4.0)), 1000).base.n
    (AE(), 1000)
    """
    if isinstance(objective, NeedsRows):
        return objective.with_rows(rows)
    base = _base_of(objective)
    return objective if base is None else _around(objective, with_rows(base, rows))


def call_frozen(network: nn.Module, *inputs: Tensor) -> Tensor:
    """Call a network so that gradients reach the inputs, but not the network.

    >>> network, x = nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    >>> call_frozen(network, x).sum().backward()
    >>> network.weight.grad is None, x.grad is None
    (True, False)
    """
    from torch.func import functional_call

    # Detached copies in place of the parameters: to switch off requires_grad would reach other terms of the same loss.
    output: Tensor = functional_call(network, {k: p.detach() for k, p in network.named_parameters()}, inputs)
    return output


def _base_of(objective: Any) -> Any:
    """The objective that another one adds to, as ``Invariance`` does; ``None`` where there is none."""
    is_record = is_dataclass(objective) and not isinstance(objective, type)
    return getattr(objective, "base", None) if is_record else None


def _around(objective: Any, base: Any) -> Any:
    return objective if base is objective.base else replace(objective, base=base)
