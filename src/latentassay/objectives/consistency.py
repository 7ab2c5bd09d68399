"""Interventional consistency as a part of the loss, added to any objective (IC 2.1, algorithms 1 and 2)."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import HasCauses
from latentassay.core.checks import check_counts, check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Posterior
from latentassay.core.units import Units
from latentassay.nn.statistics import keep_statistics, use_running_statistics
from latentassay.objectives.vae import Loss

AUTHORS = MappingProxyType(
    {
        "units_per_step": None,
        "distance": "norm",
        "detach": True,
        "latents": "posterior",
        "values": 10,
        "rows": 10,
        "statistics": "updated",
        "joint": False,
    }
)
"""Options of both penalties as the authors' public code has them, for AEs; its VAEs draw latents from the prior.

Besides, it ramps λ over 10,000 steps (``Ramped``), and sums squared errors of pixels without the ½ of a normal density
of variance 1 (``likelihood={"name": "gaussian", "std": 0.5**0.5}``)."""

DISTANCES = ("square", "norm")
LATENTS = ("prior", "posterior", "hybrid")
STATISTICS: dict[str, Callable[[Any], AbstractContextManager[None]]] = {
    "kept": keep_statistics,
    "updated": lambda model: nullcontext(),
    "running": use_running_statistics,
}
"""What batch normalisation does while latents are decoded and encoded."""


@dataclass(frozen=True)
class Invariance:
    """Adds a penalty where an intervention on one unit changes the response of others: ``base + weight · L_INV``.

    ``L_INV = 1/units Σ_m 1/(units · T) Σ_k Σ_{i≠m} ‖R(N^k)_i − R(N^k; N_m ← v)_i‖²``, a mean over the m chosen and
    their values. N are half as many latents as the batch has rows, from the prior, or hybrids of the batch's codes
    where there is none (SA 2.2); v is the same for all of them, a code of the batch. Base and intervened latents are
    decoded and encoded in one pass, so a unit costs one pass of the batch at most. Both networks learn from it; what
    batch normalisation remembers of data stays as it is.

    Each default is the form above; where the text leaves a choice, and what the authors' code chose, say the options.

    Args:
        base: any objective.
        weight: λ, 4 in the paper. Sums over pixels stand beside it in ``base``, where the paper does not say.
        units_per_step: how many units are intervened on in a step, drawn at random; ``None`` for all, as in the loop of
            algorithm 1 and in the authors' code.
        distance: ``"square"``, or ``"norm"``: algorithm 1 prints ‖·‖ with a 2 of which our copy does not say whether it
            stands above or below; the text before it names the Euclidean distance, which the authors' code has.
        detach: take the response to the base latents as given, so that only the intervened one is moved (authors).
        latents: N from the ``"prior"``, as printed, and hybrids where there is none; or ``"posterior"`` codes (the
            authors' AEs) or ``"hybrid"``s in any model.
        values: interventions on each unit in a step (authors: 10).
        rows: T; half of the batch where ``None`` (authors: 10).
        statistics: of batch normalisation. ``"kept"``: latents pass by statistics of their own, and the running ones
            stay those of data. ``"updated"``: they enter the running ones (authors). ``"running"``: they pass by the
            running ones, as they will in evaluation. The paper does not say.
        joint: decode and encode base and intervened latents in one pass, or in one each (authors).

    Raises:
        InputError: a negative or infinite weight; no units, values or rows; an unknown word.

    Source: IC equation 11, algorithm 1.
    """

    base: Any
    weight: float | int = 4.0
    units_per_step: int | None = 1
    distance: str = "square"
    detach: bool = False
    latents: str = "prior"
    values: int = 1
    rows: int | None = None
    statistics: str = "kept"
    joint: bool = True

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; its part ``invariance`` is L_INV."""
        recorder = _Recorder(model)
        loss = self.base(recorder, x, generator)
        drawn = _draw(self, model, recorder.codes(x, generator), generator)
        error = _lengths(drawn.units.squared_norm(_difference(drawn)), self.distance)
        penalty = _without_own(_by_unit(error, drawn), drawn.chosen).mean((0, 1)).sum()
        return _add_penalty(loss, "invariance", penalty / len(drawn.units), self.weight)


@dataclass(frozen=True)
class Equivariance:
    """Adds a penalty where to intervene and respond is not to respond and intervene: ``base + weight · L_EQV``.

    ``L_EQV = 1/units Σ_m 1/(units · T) Σ_k Σ_i ‖f(R(N^k; N_m ← v))_i − f(R(N^k); N'_m ← v)_i‖²``, with f the causal
    block, so that it learns, too. Latents and values are drawn as in ``Invariance``. Equation 12 asks it of every i,
    the one intervened on among them, as the authors' code does; with ``own=False`` that one is left out, as algorithm 2
    is printed.

    Args:
        base: any objective.
        weight: λ, 4 in the paper.
        units_per_step: how many units are intervened on in a step, drawn at random; ``None`` for all.
        own: count the unit intervened on.
        distance: as in ``Invariance``, and so are all others.
        detach: take the response that is intervened on afterwards as given.
        latents: where N come from.
        values: interventions on each unit in a step.
        rows: T.
        statistics: of batch normalisation.
        joint: one pass for both.

    Raises:
        InputError: a negative or infinite weight; no units, values or rows; an unknown word.
        ContractError: when called on a model without causes.

    Source: IC equation 12, algorithm 2.
    """

    base: Any
    weight: float | int = 4.0
    units_per_step: int | None = 1
    own: bool = True
    distance: str = "square"
    detach: bool = False
    latents: str = "prior"
    values: int = 1
    rows: int | None = None
    statistics: str = "kept"
    joint: bool = True

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; its part ``equivariance`` is L_EQV."""
        recorder = _Recorder(model)
        loss = self.base(recorder, x, generator)
        if not isinstance(model, HasCauses):
            raise ContractError(
                f"{type(model).__name__} has no causes, which equivariance is about; train a model with an XBlock such "
                "as xae-s, or use objectives.Invariance"
            )
        drawn = _draw(self, model, recorder.codes(x, generator), generator)
        expected = torch.cat([drawn.units.replace(drawn.response, m, v) for m, v in drawn.interventions])
        # One pass, so that both sides go through the same graph.
        after, before = model.causes(torch.cat([drawn.responses, expected])).chunk(2)
        error = _by_unit(_lengths((after - before).square().sum(-1), self.distance), drawn)
        kept = error if self.own else _without_own(error, drawn.chosen)
        return _add_penalty(loss, "equivariance", kept.mean((0, 1)).sum() / len(drawn.units), self.weight)


class _Drawn(NamedTuple):
    """T latents, interventions on them, and the responses to both; a unit stands in ``chosen`` once for each value."""

    units: Units
    chosen: list[int]
    interventions: list[tuple[int, Tensor]]
    response: Tensor
    responses: Tensor


def _draw(how: Invariance | Equivariance, model: Any, codes: Tensor, generator: Generator) -> _Drawn:
    units, rows = Units.default(model.latent_shape), how.rows or max(1, len(codes) // 2)
    wanted = len(units) if how.units_per_step is None else min(how.units_per_step, len(units))
    drawn = torch.randperm(len(units), generator=generator, device=generator.device)[:wanted].tolist()
    latents = _latents(how.latents, model, units, codes, rows, generator)
    chosen = [m for m in drawn for _ in range(how.values)]
    donors = torch.randint(len(codes), (len(chosen),), generator=generator, device=generator.device)
    interventions = [(m, codes[donor].expand(latents.shape)) for m, donor in zip(chosen, donors, strict=True)]
    changed = torch.cat([units.replace(latents, m, values) for m, values in interventions])
    with STATISTICS[how.statistics](model):
        if how.joint:
            # One pass: in training, batch normalisation then uses the same statistics for what is compared.
            response, responses = _respond(model, torch.cat([latents, changed])).tensor_split([rows])
        else:
            with torch.no_grad() if how.detach else nullcontext():
                response = _respond(model, latents)
            responses = _respond(model, changed)
    return _Drawn(
        units=units,
        chosen=chosen,
        interventions=interventions,
        response=response.detach() if how.detach else response,
        responses=responses,
    )


def _latents(source: str, model: Any, units: Units, codes: Tensor, rows: int, generator: Generator) -> Tensor:
    """Samples of the prior, codes, or codes whose units come from different rows."""
    if source == "prior" and model.prior is not None:
        sample: Tensor = model.prior.sample(rows, generator)
        return sample.to(codes.dtype)
    if source == "posterior":
        return codes[torch.randint(len(codes), (rows,), generator=generator, device=generator.device)]
    out, flat = codes.new_empty(rows, *codes.shape[1:]), codes.flatten(1)
    for group in units.groups:
        donors = torch.randint(len(codes), (rows,), generator=generator, device=generator.device)
        out.flatten(1)[:, list(group)] = flat[donors][:, list(group)]
    return out


def _respond(model: Any, z: Tensor) -> Tensor:
    response: Tensor = model.encode(model.likelihood.mean(model.decoder_output(z))).mean
    return response


def _difference(drawn: _Drawn) -> Tensor:
    """Intervened responses minus those before."""
    return drawn.responses - drawn.response.repeat(len(drawn.chosen), *[1] * (drawn.response.ndim - 1))


def _lengths(squares: Float[Tensor, "mt u"], distance: str) -> Float[Tensor, "mt u"]:
    """Squares, or their roots with a slope of 0 where the root has none."""
    if distance == "square":
        return squares
    tiny = torch.finfo(squares.dtype).tiny
    return torch.where(squares > tiny, squares.clamp(min=tiny).sqrt(), 0.0)


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


def _check(how: Invariance | Equivariance) -> None:
    check_weights(weight=how.weight)
    check_counts(values=how.values)
    if how.units_per_step is not None and how.units_per_step < 1:
        raise InputError(f"units_per_step must be at least 1, or None for all units, got {how.units_per_step}")
    if how.rows is not None:
        check_counts(rows=how.rows)
    for option, known in (("distance", DISTANCES), ("latents", LATENTS), ("statistics", tuple(STATISTICS))):
        if (found := getattr(how, option)) not in known:
            raise InputError(f"{option} must be one of {', '.join(known)}, got {found!r}")
