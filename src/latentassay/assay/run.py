"""``assay``: every question, in order, on one model and one data set."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from latentassay._version import __version__
from latentassay.assay.budget import Sizes, allowance, left_out, sample_passes, sizes
from latentassay.assay.context import Context, seeded
from latentassay.assay.question import Question, choose, known_questions
from latentassay.assay.result import Assay
from latentassay.core.autoencoder import Autoencoder, device_and_dtype
from latentassay.core.contract import check_autoencoder
from latentassay.core.errors import ContractError, InputError, LatentAssayError
from latentassay.core.findings import Meta, Section
from latentassay.core.observations import Observations, as_observations
from latentassay.core.progress import bar
from latentassay.core.threads import fastest_threads
from latentassay.core.units import Units
from latentassay.responses import causal_units, response_matrix
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE, drawn, encode

FEWEST = 32
"""An assay of fewer rows would answer nothing."""

SCORED = 10
"""Codes are scored against factors on so many times the rows that are intervened on; they only need to be encoded."""

TIMED = 8
"""Rows that the model's speed is learnt from, and whose codes its contract is checked on."""

MATRIX_SHARE = 0.4
"""Part of the budget that the response matrix may take."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``assay`` was asked for, as its arguments say it."""

    samples: int
    seed: int
    units: Units | Any
    grid: int
    groups: int
    precision: float | None
    budget: float
    batch_size: int
    train: Observations | None = None


def assay(
    model: Autoencoder,
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
        model: any autoencoder: ``la.models.build``, ``la.from_torch``, ``la.from_sklearn`` …
        data: observations it was not trained on: a ``FactorData`` (known factors are used), or a float
            tensor ``(n, *x_shape)``; at least 32 rows.
        train: observations that the model was trained on, where you have them: they tell what it knows by heart.
        questions: which questions are asked: keys such as ``"holes"``, groups such as ``"spatial"``, or questions of
            your own (``la.Question``), which come last; all that there are where left out.
        samples: rows drawn, and latents drawn of each kind, at most. The response matrix takes ``units + 1`` passes
            of each. Codes are scored against factors on ten times as many rows, if there are as many.
        seed: seed of everything drawn; the same seed gives the same assay.
        units: what is intervened on; scalars, channels, or places of a single channel where left out.
        grid: side of the response field.
        groups: groups per factor in the conditioned response matrix.
        precision: stop measuring an entry of the response matrices when its 95 % interval reaches no further to each
            side than this share of the greatest response; ``None`` uses every row.
        budget: seconds, about, that all may take. Fast models need less, and the same seed gives the same assay; slow
            ones are asked about fewer rows, in fewer passes, and what can't be answered in time is left out and named.
            At least 32 rows are encoded and the first round of the response matrix is measured, whatever it takes.
        batch_size: rows per pass, at most.
        name: what the report calls the model.

    Returns:
        An ``Assay`` with ``.findings``, ``.scores``, ``.figures()``, ``.save(path)`` and ``.to_html(path)``.

    Raises:
        InputError: data that cannot be used: fewer than 32 rows, NaN, integers, constant; an unknown question.
        ContractError: a model that breaks the contract of the door, see ``la.check_autoencoder``; a question of your
            own that raises, returns something else than it declares, or takes the key of another.
    """
    began = time.perf_counter()
    chosen = choose(known_questions(), questions)
    observations = as_observations(data)
    if len(observations) < FEWEST or samples < FEWEST:
        raise InputError(f"an assay needs at least {FEWEST} rows and samples, got {len(observations)} and {samples}")
    options = Options(
        samples=samples,
        seed=seed,
        units=units,
        grid=grid,
        groups=groups,
        precision=precision,
        budget=budget,
        batch_size=batch_size,
        train=None if train is None else _as_training_rows(train, observations),
    )
    order = torch.randperm(len(observations), generator=seeded(seed, "rows"))
    sample = sample_passes(model, observations, order[:batch_size])
    with fastest_threads(sample, device_and_dtype(model).device) as check_threads:
        context = prepare(model, observations, order, _check(model, observations, order, options), options)
        preparing = time.perf_counter() - began
        sections = _ask(context, chosen, budget, began, check_threads)
    called = getattr(data, "name", None)
    meta = _meta(
        context,
        options,
        model=name or type(model).__name__,
        data=called if isinstance(called, str) else "observations",
        preparing=preparing,
        seconds=time.perf_counter() - began,
    )
    return Assay(tuple(sections), meta)


def _as_training_rows(train: Any, data: Observations) -> Observations:
    rows = as_observations(train)
    if tuple(rows.x_shape) != tuple(data.x_shape):
        raise InputError(
            f"train must have rows of shape {tuple(data.x_shape)}, as data have, got {tuple(rows.x_shape)}"
        )
    return rows


def _check(model: Autoencoder, data: Observations, order: torch.Tensor, options: Options) -> Sizes:
    """Refuse what cannot be used before anything is measured; return how many rows can be afforded."""
    check_autoencoder(model, data.batch(order[:TIMED]))
    _check_varies(data, order[: options.samples])
    Stopping(options.precision, options.budget)
    return sizes(
        model,
        data,
        order[:TIMED],
        samples=options.samples,
        fewest=FEWEST,
        batch_size=options.batch_size,
        budget=options.budget,
    )


def prepare(model: Autoencoder, data: Observations, order: torch.Tensor, afforded: Sizes, options: Options) -> Context:
    """Encode rows and measure the response matrix; how long that takes says how many passes can be afforded."""
    rows = order[: afforded.rows]
    generator = seeded(options.seed, "posterior")
    codes = encode(model, data, rows=rows, generator=generator, batch_size=afforded.batch_size)
    z, begun = drawn(codes), time.perf_counter()
    matrix = response_matrix(
        model,
        z,
        units=options.units,
        generator=seeded(options.seed, "matrix"),
        precision=options.precision,
        budget=MATRIX_SHARE * options.budget,
        batch_size=afforded.batch_size,
    )
    # Every base latent passes once, and once more for each unit that used it.
    one = max(time.perf_counter() - begun, 1e-9) / (max(matrix.used) + sum(matrix.used))
    return Context(
        model=model,
        data=data,
        rows=rows,
        codes=codes,
        z=z,
        matrix=matrix,
        causal=causal_units(matrix),
        seed=options.seed,
        grid=options.grid,
        groups=options.groups,
        batch_size=afforded.batch_size,
        precision=options.precision,
        seconds=options.budget,
        passes=max(1, int(options.budget / one)),
        scored=order[: SCORED * afforded.rows],
        train=options.train,
    )


def _check_varies(data: Observations, rows: torch.Tensor) -> None:
    few = data.batch(rows[:FEWEST])
    if bool((few == few[0]).all()):
        raise InputError(f"the first {FEWEST} rows drawn are all the same; give observations that vary")


def _ask(
    context: Context,
    questions: Sequence[Question[Any]],
    budget: float,
    began: float,
    check_threads: Callable[[], None],
) -> list[Section]:
    """Ask every question with its share of the time that is left; say which were left out."""
    needs = [_ask_guarded(question, question.passes_needed, context) for question in questions]
    applying = [(question, need) for question, need in zip(questions, needs, strict=True) if need is not None]
    sections: list[Section] = []
    unasked: dict[str, int] = {}
    # Passes are shared out anew before each question: one that took less than its share leaves the rest to those after.
    with bar(len(applying), "assay", unit="question") as progress:
        for k, (question, need) in enumerate(applying):
            check_threads()
            begun = time.perf_counter()
            left = max(0, int((1 - (begun - began) / budget) * context.passes))
            rest = applying[k:]
            passes = allowance([need for _, need in rest], [each.weight for each, _ in rest], left)
            if passes is None:
                unasked[question.title] = need
            else:
                asked = replace(context.affording(passes), found={s.key: s.evidence for s in sections})
                section = _ask_guarded(question, question.answer, asked)
                if section is not None:
                    sections.append(replace(section, seconds=time.perf_counter() - begun))
            progress.update()
    if unasked:
        sections.append(left_out(unasked, sum(need for _, need in applying), context, budget))
    return sections


def _ask_guarded(question: Question[Any], function: Any, context: Context) -> Any:
    """Call a question's function; what a stranger's raises names its file, what one of ours raises is a bug of ours."""
    if question in known_questions():
        return function(context)
    try:
        return function(context)
    except LatentAssayError:
        raise
    except Exception as error:
        raise ContractError(
            f"question {question.key!r} ({question.file}) raised {type(error).__name__}: {error}"
        ) from error


def _meta(context: Context, options: Options, *, model: str, data: str, preparing: float, seconds: float) -> Meta:
    where = device_and_dtype(context.model)
    return Meta(
        model=model,
        data=data,
        date=time.strftime("%Y-%m-%d"),
        rows=context.n,
        available=len(context.data),
        x_shape=tuple(context.data.x_shape),
        latent_shape=tuple(context.model.latent_shape),
        units=len(context.matrix.units),
        prior=type(context.model.prior).__name__ if context.model.prior else None,
        seed=options.seed,
        grid=options.grid,
        groups=options.groups,
        precision=options.precision,
        budget=options.budget,
        used=(min(context.matrix.used), max(context.matrix.used)),
        seconds=seconds,
        preparing=preparing,
        device=str(where.device),
        dtype=str(where.dtype).removeprefix("torch."),
        versions={"latentassay": __version__, "torch": torch.__version__},
    )
