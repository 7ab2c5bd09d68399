"""Interventional consistency as a part of the loss, added to any objective (IC 2.1, algorithms 1 and 2)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import HasCauses
from latentassay.core.checks import check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Posterior
from latentassay.core.units import Units
from latentassay.nn.statistics import keep_statistics
from latentassay.objectives.vae import Loss


@dataclass(frozen=True)
class Invariance:
    """Adds a penalty where an intervention on one unit changes the response of others: ``base + weight · L_INV``.

    ``L_INV = 1/units Σ_m 1/(units · T) Σ_k Σ_{i≠m} ‖R(N^k)_i − R(N^k; N_m ← v)_i‖²``, a mean over the m chosen. N are
    half as many latents as the batch has rows, from the prior, or hybrids of the batch's codes where there is none
    (SA 2.2); v is the same for all of them, a code of the batch. Base and intervened latents are decoded and encoded
    in one pass, so a unit costs one pass of the batch at most. Both networks learn from it; what batch normalisation
    remembers of data stays as it is.

    Args:
        base: any objective.
        weight: λ, 4 in the paper. Sums over pixels stand beside it in ``base``, where the paper does not say.
        units_per_step: how many units are intervened on in a step, drawn at random; ``None`` for all.

    Raises:
        InputError: a negative or infinite weight, no units.
    """

    base: Any
    weight: float | int = 4.0
    units_per_step: int | None = 1

    def __post_init__(self) -> None:
        _check(self.weight, self.units_per_step)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; its part ``invariance`` is L_INV."""
        recorder = _Recorder(model)
        loss = self.base(recorder, x, generator)
        drawn = _draw(model, recorder.codes(x, generator), self.units_per_step, generator)
        error = drawn.units.squared_norm(_difference(drawn))
        penalty = _without_own(_by_unit(error, drawn), drawn.chosen).mean((0, 1)).sum()
        return _add_penalty(loss, "invariance", penalty / len(drawn.units), self.weight)


@dataclass(frozen=True)
class Equivariance:
    """Adds a penalty where to intervene and respond is not to respond and intervene: ``base + weight · L_EQV``.

    ``L_EQV = 1/units Σ_m 1/(units · T) Σ_k Σ_i ‖f(R(N^k; N_m ← v))_i − f(R(N^k); N'_m ← v)_i‖²``, with f the causal
    block, so that it learns, too. Latents and values are drawn as in ``Invariance``. Equation 12 asks it of every i,
    the one intervened on among them; with ``own=False`` that one is left out, as algorithm 2 is printed.

    Args:
        base: any objective.
        weight: λ, 4 in the paper.
        units_per_step: how many units are intervened on in a step, drawn at random; ``None`` for all.
        own: count the unit intervened on.

    Raises:
        InputError: a negative or infinite weight, no units.
        ContractError: when called on a model without causes.
    """

    base: Any
    weight: float | int = 4.0
    units_per_step: int | None = 1
    own: bool = True

    def __post_init__(self) -> None:
        _check(self.weight, self.units_per_step)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; its part ``equivariance`` is L_EQV."""
        recorder = _Recorder(model)
        loss = self.base(recorder, x, generator)
        if not isinstance(model, HasCauses):
            raise ContractError(
                f"{type(model).__name__} has no causes, which equivariance is about; train a model with an XBlock such "
                "as xae-s, or use objectives.Invariance"
            )
        drawn = _draw(model, recorder.codes(x, generator), self.units_per_step, generator)
        expected = torch.cat([drawn.units.replace(drawn.response, m, v) for m, v in drawn.interventions])
        # One pass, so that both sides go through the same graph.
        after, before = model.causes(torch.cat([drawn.responses, expected])).chunk(2)
        error = _by_unit((after - before).square().sum(-1), drawn)
        kept = error if self.own else _without_own(error, drawn.chosen)
        return _add_penalty(loss, "equivariance", kept.mean((0, 1)).sum() / len(drawn.units), self.weight)


class _Drawn(NamedTuple):
    """T latents, interventions on them, and the responses to both."""

    units: Units
    chosen: list[int]
    interventions: list[tuple[int, Tensor]]
    response: Tensor
    responses: Tensor


def _draw(model: Any, codes: Tensor, units_per_step: int | None, generator: Generator) -> _Drawn:
    units, rows = Units.default(model.latent_shape), max(1, len(codes) // 2)
    wanted = len(units) if units_per_step is None else min(units_per_step, len(units))
    chosen = torch.randperm(len(units), generator=generator, device=generator.device)[:wanted].tolist()
    latents = _latents(model, units, codes, rows, generator)
    donors = torch.randint(len(codes), (wanted,), generator=generator, device=generator.device)
    interventions = [(m, codes[donor].expand(latents.shape)) for m, donor in zip(chosen, donors, strict=True)]
    changed = [units.replace(latents, m, values) for m, values in interventions]
    # One pass for all: in training, batch normalisation then uses the same statistics for what is compared.
    response, responses = _respond(model, torch.cat([latents, *changed])).tensor_split([rows])
    return _Drawn(units, chosen, interventions, response, responses)


def _latents(model: Any, units: Units, codes: Tensor, rows: int, generator: Generator) -> Tensor:
    """Samples of the prior, or codes whose units come from different rows."""
    if model.prior is not None:
        sample: Tensor = model.prior.sample(rows, generator)
        return sample.to(codes.dtype)
    out, flat = codes.new_empty(rows, *codes.shape[1:]), codes.flatten(1)
    for group in units.groups:
        donors = torch.randint(len(codes), (rows,), generator=generator, device=generator.device)
        out.flatten(1)[:, list(group)] = flat[donors][:, list(group)]
    return out


def _respond(model: Any, z: Tensor) -> Tensor:
    with keep_statistics(model):
        response: Tensor = model.encode(model.likelihood.mean(model.decoder_output(z))).mean
    return response


def _difference(drawn: _Drawn) -> Tensor:
    """Intervened responses minus those before."""
    return drawn.responses - drawn.response.repeat(len(drawn.chosen), *[1] * (drawn.response.ndim - 1))


def _by_unit(error: Float[Tensor, "mt u"], drawn: _Drawn) -> Float[Tensor, "m t u"]:
    return error.reshape(len(drawn.chosen), -1, error.shape[1])


def _without_own(error: Float[Tensor, "m t u"], chosen: list[int]) -> Float[Tensor, "m t u"]:
    own = torch.zeros_like(error, dtype=torch.bool)
    own[torch.arange(len(chosen)), :, chosen] = True
    return error.masked_fill(own, 0)


def _add_penalty(loss: Loss, name: str, penalty: Tensor, weight: float | int) -> Loss:
    return Loss(loss.total + weight * penalty, {**loss.parts, name: penalty})


class _Recorder:
    """A model that remembers what it last encoded, so that the batch is not encoded again for its codes."""

    def __init__(self, model: Any):
        self._model, self._posterior = model, None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode(self, x: Tensor) -> Posterior:
        """Encode, and remember."""
        self._posterior = self._model.encode(x)
        return self._posterior  # type: ignore[return-value]  # it has just been set

    def codes(self, x: Tensor, generator: Generator) -> Tensor:
        """Samples of the posteriors of the batch, as the latents that the aggregate posterior consists of."""
        posterior = self._posterior or self.encode(x)
        # Detached: the penalty is about what the networks do with latents, wherever those come from.
        return posterior.sample(generator).detach()


def _check(weight: float | int, units_per_step: int | None) -> None:
    check_weights(weight=weight)
    if units_per_step is not None and units_per_step < 1:
        raise InputError(f"units_per_step must be at least 1, or None for all units, got {units_per_step}")
