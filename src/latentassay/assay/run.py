"""``assay``: every question, in order, on one model and one data set."""

import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch

from latentassay._version import __version__
from latentassay.adapters._whole import as_autoencoder
from latentassay.assay.answering import reconstructed
from latentassay.assay.budget import Sizes, sample_passes, sizes
from latentassay.assay.context import seeded
from latentassay.assay.control import Control, control
from latentassay.assay.interruption import AssayInterrupted
from latentassay.assay.pace import LEAN, Pace, crop_section, find_pace, first_look, first_rows
from latentassay.assay.preparation import Options, prepare
from latentassay.assay.question import Question, choose, known_questions
from latentassay.assay.result import Assay
from latentassay.assay.rounds import ask_all
from latentassay.core.autoencoder import Autoencoder, device_and_dtype
from latentassay.core.contract import check_autoencoder
from latentassay.core.errors import ContractError, InputError
from latentassay.core.findings import Meta
from latentassay.core.observations import Observations, as_observations, describe_layout, fit_layout
from latentassay.core.text import printable
from latentassay.core.threads import fastest_threads
from latentassay.core.units import Units, as_units
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE

FEWEST = 32
"""An assay of fewer rows would answer nothing."""

FEWEST_SLOW = 16
"""And a slow model is asked about so many, or nothing could be said of its units in time."""

TIMED = 8
"""Rows that the model's speed is learnt from, and whose codes its contract is checked on."""


def assay(
    model: Any,
    data: Any,
    *,
    train: Any = None,
    questions: Iterable[str | Question[Any]] | None = None,
    samples: int = 1024,
    seed: int = 0,
    units: Units | Any = None,
    grid: int = 50,
    groups: int = 50,
    precision: float | None = 0.05,
    budget: float = 120.0,
    batch_size: int = BATCH_SIZE,
    name: str | None = None,
) -> Assay:
    """Question a model and return findings with their evidence.

    Args:
        model: any autoencoder: ``la.models.build``, ``la.from_torch``, ``la.from_sklearn`` …, or an ordinary torch
            module with ``encode`` and ``decode``, of which a warning says what was assumed.
        data: observations it was not trained on: a ``FactorData`` (known factors are used), or a float
            tensor ``(n, *x_shape)``; at least 32 rows.
        train: observations that the model was trained on, where you have them: they tell what it knows by heart.
        questions: which questions are asked: keys such as ``"holes"``, groups such as ``"spatial"``, or questions of
            your own (``la.Question``), which come last; all that there are where left out.
        samples: rows drawn, and latents drawn of each kind. The response matrix takes ``units + 1`` passes of each.
            What is unsure is asked again, while the budget lasts, of up to sixteen times as many rows. Codes are
            scored against factors on ten times as many, if there are as many.
        seed: seed of everything drawn; the same seed gives the same assay.
        units: what is intervened on; scalars, channels, or places of a single channel where left out.
        grid: side of the response field.
        groups: groups per factor in the conditioned response matrix.
        precision: stop measuring an entry of the response matrices when its 95 % interval reaches no further to each
            side than this share of the greatest response; ``None`` uses every row.
        budget: seconds, about, that all may take. Fast models need less, and the same seed gives the same assay; slow
            ones are asked about fewer rows, in fewer passes, and what can't be answered in time is left out and named.
            Slow models that take pictures of any size are asked about crops of them. Where not even responses can be
            measured, as many observations as half of the budget affords, but at least two, are reconstructed.
        batch_size: rows per pass, at most.
        name: what the report calls the model.

    Returns:
        An ``Assay`` with ``.findings``, ``.scores``, ``.figures()``, ``.save(path)`` and ``.to_html(path)``. A question
        that raises becomes a finding ``<key>.failed`` with its cause; the others are answered.

    Raises:
        InputError: data that cannot be used: fewer than 32 rows, NaN, integers, constant; an unknown question.
        ContractError: a model that breaks the contract of the door, see ``la.check_autoencoder``; a question of your
            own that takes the key of another.
        AssayInterrupted: Ctrl-C came; it is a ``KeyboardInterrupt`` with what was answered as ``.assay``.
    """
    began = time.perf_counter()
    chosen = choose(known_questions(), questions)
    Stopping(precision, budget)  # refuses what is neither
    observations = as_observations(data)
    if len(observations) < FEWEST or samples < FEWEST:
        raise InputError(f"an assay needs at least {FEWEST} rows and samples, got {len(observations)} and {samples}")
    whole = as_autoencoder(model, observations)
    model, name = whole.model, name or whole.name
    if whole.assumed:
        warnings.warn(printable(whole.assumed), stacklevel=2)
    came, observations = observations, fit_layout(model, observations)
    assumed = tuple(line for line in (whole.assumed, describe_layout(came, observations)) if line)
    options = Options(
        samples=samples,
        seed=seed,
        units=units,
        grid=grid,
        groups=groups,
        precision=precision,
        budget=budget,
        batch_size=batch_size,
        train=None if train is None else _as_training_rows(fit_layout(model, as_observations(train)), observations),
    )
    order = torch.randperm(len(observations), generator=seeded(seed, "rows"))
    pace = find_pace(model, observations, order[:TIMED], budget, batch_size=batch_size)
    if pace is not None and pace.passes < LEAN:
        look = _look(pace, order, options, name=name, data=data, began=began, assumed=assumed)
        return replace(look, model=whole.model)
    if pace is not None:
        model, observations, options = pace.model, pace.data, replace(options, budget=pace.left)
    with _threads(model, observations, order[:batch_size], pace) as check_threads:
        context = prepare(model, observations, order, _check(model, observations, order, options, pace), options)
        preparing = time.perf_counter() - began
        sections, stop = ask_all(context, chosen, budget, began, check_threads)
        if pace is not None and pace.is_cropped:
            sections = [crop_section(pace, budget), *sections]
        found = control(sections)
    meta = _meta(
        model,
        replace(options, budget=budget),
        name=name,
        data=_name_of(data),
        rows=context.n,
        available=len(observations),
        x_shape=tuple(observations.x_shape),
        units=len(context.units),
        used=(min(context.matrix.used), max(context.matrix.used)),
        control=found,
        preparing=preparing,
        seconds=time.perf_counter() - began,
        assumed=assumed,
    )
    if stop is not None:
        raise AssayInterrupted(Assay(found.sections, meta, whole.model)) from stop
    return Assay(found.sections, meta, whole.model)


def _name_of(data: Any) -> str:
    called = getattr(data, "name", None)
    return called if isinstance(called, str) else "observations"


def _threads(
    model: Autoencoder, data: Observations, rows: torch.Tensor, pace: Pace | None
) -> AbstractContextManager[Callable[[], None]]:
    """Hold the number of threads that is fastest; a slow model is not asked, and its large passes fill all of them."""
    if pace is not None and pace.is_slow:
        return nullcontext(lambda: None)
    return fastest_threads(sample_passes(model, data, rows), device_and_dtype(model).device)


def _look(
    pace: Pace,
    order: torch.Tensor,
    options: Options,
    *,
    name: str,
    data: Any,
    began: float,
    assumed: tuple[str, ...],
) -> Assay:
    """Return the assay of a model of which only few observations can be passed in the time that there is."""
    section = first_look(pace, order)
    meta = _meta(
        pace.model,
        options,
        name=name,
        data=_name_of(data),
        rows=len(first_rows(pace, order)),
        available=len(order),
        x_shape=tuple(pace.data.x_shape),
        units=len(as_units(options.units, tuple(pace.model.latent_shape))),
        used=(0, 0),
        control=Control((), 0, 0.0),
        preparing=0.0,
        seconds=time.perf_counter() - began,
        assumed=assumed,
    )
    crops = [crop_section(pace, options.budget)] if pace.is_cropped else []
    return Assay((section, *crops), meta)


def _as_training_rows(train: Any, data: Observations) -> Observations:
    rows = as_observations(train)
    if tuple(rows.x_shape) != tuple(data.x_shape):
        raise InputError(
            f"train must have rows of shape {tuple(data.x_shape)}, as data have, got {tuple(rows.x_shape)}"
        )
    return rows


def _check(model: Autoencoder, data: Observations, order: torch.Tensor, options: Options, pace: Pace | None) -> Sizes:
    """Refuse what cannot be used before anything is measured; return how many rows can be afforded."""
    slow = pace is not None and pace.is_slow
    tried = _check_contract(model, data, order, 2 if slow else TIMED)
    _check_varies(data, order[: options.samples])
    return sizes(
        model,
        data,
        order[:TIMED] if tried is None else tried,
        samples=options.samples,
        fewest=FEWEST_SLOW if slow else FEWEST,
        batch_size=options.batch_size,
        budget=options.budget,
        cost=pace.cost if pace is not None and slow else None,
    )


def _check_contract(model: Autoencoder, data: Observations, order: torch.Tensor, n: int) -> torch.Tensor | None:
    """Refuse a model that breaks the contract on ``n`` rows; those of which it makes no numbers are passed over.

    Returns:
        The rows that were taken instead of the first, where some were passed over.
    """
    try:
        check_autoencoder(model, data.batch(order[:n]))
    except ContractError:
        tried = order[: n * TIMED]
        kept = reconstructed(model, data, tried, n)
        if not 2 <= len(kept) < len(tried):
            raise
        check_autoencoder(model, data.batch(kept[:n]))
        return kept[:TIMED]
    return None


def _check_varies(data: Observations, rows: torch.Tensor) -> None:
    few = data.batch(rows[:FEWEST])
    if bool((few == few[0]).all()):
        raise InputError(f"the first {FEWEST} rows drawn are all the same; give observations that vary")


def _meta(
    model: Autoencoder,
    options: Options,
    *,
    name: str,
    data: str,
    rows: int,
    available: int,
    x_shape: tuple[int, ...],
    units: int,
    used: tuple[int, int],
    control: Control,
    preparing: float,
    seconds: float,
    assumed: tuple[str, ...],
) -> Meta:
    where = device_and_dtype(model)
    return Meta(
        model=name,
        data=data,
        date=time.strftime("%Y-%m-%d"),
        rows=rows,
        available=available,
        x_shape=x_shape,
        latent_shape=tuple(model.latent_shape),
        units=units,
        prior=type(model.prior).__name__ if model.prior else None,
        seed=options.seed,
        grid=options.grid,
        groups=options.groups,
        precision=options.precision,
        budget=options.budget,
        used=used,
        claims=control.claims,
        false_alarms=control.false_alarms,
        seconds=seconds,
        preparing=preparing,
        device=str(where.device),
        dtype=str(where.dtype).removeprefix("torch."),
        versions={"latentassay": __version__, "torch": torch.__version__},
        assumed=assumed,
    )
