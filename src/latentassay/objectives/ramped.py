"""Objectives one of whose weights rises from 0 while training goes on."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from latentassay.core.autoencoder import device_and_dtype
from latentassay.core.checks import check_counts
from latentassay.core.errors import InputError
from latentassay.objectives.auxiliary_networks import WithAuxiliary, with_auxiliary
from latentassay.objectives.vae import Loss


@dataclass(frozen=True)
class Ramped:
    """Lets a weight of an objective rise in proportion to the steps done: ``min(1, steps / over)`` of what it says.

    The KL of a VAE and the penalties of ``Invariance`` and ``Equivariance`` may begin so, lest units collapse before
    they carry anything (Bowman et al. 2015, Sønderby et al. 2016). ``fit`` counts the steps, and its checkpoints keep
    the count; called by itself, the objective has its whole weight.

    Args:
        base: an objective that has the option.
        over: steps until the weight is whole, 10,000 in the authors' code of IC.
        option: name of the weight, such as ``"weight"`` or ``"beta"``.

    Raises:
        InputError: no steps, or a base without such a weight.

    Source: the public code of IC; the text says nothing of it.

    >>> from latentassay.objectives import BetaVAE
    >>> Ramped(BetaVAE(4.0), 100, "beta").at(25).beta
    1.0
    """

    base: Any
    over: int = 10_000
    option: str = "weight"

    def __post_init__(self) -> None:
        check_counts(over=self.over)
        _check_option(self.base, self.option)

    def at(self, step: int) -> Any:
        """Return the objective as it is after so many steps."""
        return _scale(self.base, self.option, min(1.0, step / self.over))

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)`` with the whole weight."""
        loss: Loss = self.base(model, x, generator)
        return loss

    def with_auxiliary(self, model: Any) -> WithAuxiliary:
        """Make ready for one run: a count of steps beside what the base brings along.

        Raises:
            InputError: a base whose loss is another function once it has its networks.
        """
        inner = with_auxiliary(self.base, model)
        _check_option(inner.loss, self.option)
        counter = _Counter(inner.networks, device_and_dtype(model).device)
        return inner._replace(networks=counter, loss=_rise(inner.loss, self, counter))


class _Counter(nn.Module):
    """Steps done, and the networks of the base."""

    done: Tensor

    def __init__(self, networks: nn.Module, device: torch.device):
        super().__init__()
        self.networks = networks
        # A buffer, so that a checkpoint keeps how far the weight has risen.
        self.register_buffer("done", torch.zeros((), dtype=torch.long, device=device))


def _rise(base: Any, ramp: Ramped, counter: _Counter) -> Callable[[Any, Tensor, Generator], Loss]:
    def loss(model: Any, x: Tensor, generator: Generator) -> Loss:
        share = min(1.0, int(counter.done) / ramp.over)
        found: Loss = _scale(base, ramp.option, share)(model, x, generator)
        if model.training:  # held-out data are scored in between, with the weight of the step
            counter.done += 1
        return found

    return loss


def _scale(base: Any, option: str, share: float) -> Any:
    return replace(base, **{option: share * getattr(base, option)})


def _check_option(base: Any, option: str) -> None:
    is_record = is_dataclass(base) and not isinstance(base, type)
    value = getattr(base, option, None) if is_record and option in {field.name for field in fields(base)} else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InputError(f"{base!r:.80} has no weight {option!r} to ramp; name one such as 'weight' or 'beta'")
