"""``assay``: every question, in order, on one model and one data set."""

import time
from typing import Any

import torch

from latentassay._version import __version__
from latentassay.assay.budget import Question, allowance, left_out, sizes
from latentassay.assay.consistency import ask_consistency, consistency_least
from latentassay.assay.context import Context, seeded
from latentassay.assay.factors import ask_factors, factors_least
from latentassay.assay.input_fit import ask_fit, fit_least
from latentassay.assay.manifold import (
    ask_field,
    ask_holes,
    ask_structure,
    field_least,
    holes_least,
    structure_least,
)
from latentassay.assay.paths import ask_paths, paths_least
from latentassay.assay.questions import (
    ask_graph,
    ask_reconstruction,
    ask_responses,
    ask_traversals,
    ask_units,
    traversals_least,
)
from latentassay.assay.result import Assay
from latentassay.assay.spatial import ask_spatial, spatial_least
from latentassay.core.autoencoder import Autoencoder, device_and_dtype
from latentassay.core.contract import check_autoencoder
from latentassay.core.errors import InputError
from latentassay.core.findings import Section
from latentassay.core.observations import Observations, as_observations
from latentassay.core.progress import bar
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

QUESTIONS = (
    Question("Reconstruction", ask_reconstruction),
    Question("Fit", ask_fit, 1, fit_least),
    Question("Units", ask_units),
    Question("Spatial latents", ask_spatial, 4, spatial_least),
)
IF_ALIVE = (
    Question("Latent response matrix", ask_responses),
    Question("Response graph", ask_graph),
    Question("Interventional consistency", ask_consistency, 3, consistency_least),
    Question("Traversals", ask_traversals, 0.5, traversals_least),
    Question("Response field", ask_field, 1, field_least),
    Question("Interpolation", ask_paths, 3, paths_least),
    Question("Structure score", ask_structure, 1, structure_least),
    Question("Holes", ask_holes, 4, holes_least),
    Question("Factors", ask_factors, 4, factors_least),
)
"""Every question in the order of the report; reconstruction and what only reads the matrix cost next to nothing."""


def assay(
    model: Autoencoder,
    data: Any,
    *,
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
        samples: rows drawn, and latents drawn of each kind, at most. The response matrix takes ``units + 1`` passes
            of each. Codes are scored against factors on ten times as many rows, if there are as many.
        seed: seed of everything drawn; the same seed gives the same assay.
        units: what is intervened on; scalars or channels where left out.
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
        InputError: data that cannot be used: fewer than 32 rows, NaN, integers, constant.
        ContractError: a model that breaks the contract of the door, see ``la.check_autoencoder``.
    """
    started = time.perf_counter()
    observations = as_observations(data)
    if len(observations) < FEWEST or samples < FEWEST:
        raise InputError(f"an assay needs at least {FEWEST} rows and samples, got {len(observations)} and {samples}")
    order = torch.randperm(len(observations), generator=seeded(seed, "rows"))
    check_autoencoder(model, observations.batch(order[:TIMED]))
    _check_varies(observations, order[:samples])
    Stopping(precision, budget)  # refuses what cannot be used before anything is measured
    afforded = sizes(
        model, observations, order[:TIMED], samples=samples, fewest=FEWEST, batch_size=batch_size, budget=budget
    )
    context = _prepare(
        model, observations, order, afforded.rows, seed, units, grid, groups, precision, budget, afforded.batch_size
    )
    seconds = {"responses": time.perf_counter() - started}
    sections = _ask(context, budget, started, seconds)
    return Assay(tuple(sections), _meta(context, name, data, budget, seconds, time.perf_counter() - started))


def _prepare(
    model: Autoencoder,
    data: Observations,
    order: torch.Tensor,
    samples: int,
    seed: int,
    units: Units | Any,
    grid: int,
    groups: int,
    precision: float | None,
    budget: float,
    batch_size: int,
) -> Context:
    """Encode rows and measure the response matrix; how long that takes says how many passes can be afforded."""
    rows = order[:samples]
    codes = encode(model, data, rows=rows, generator=seeded(seed, "posterior"), batch_size=batch_size)
    z, begun = drawn(codes), time.perf_counter()
    matrix = response_matrix(
        model,
        z,
        units=units,
        generator=seeded(seed, "matrix"),
        precision=precision,
        budget=MATRIX_SHARE * budget,
        batch_size=batch_size,
    )
    # Every base latent passes once, and once more for each unit that used it.
    one = max(time.perf_counter() - begun, 1e-9) / (max(matrix.used) + sum(matrix.used))
    return Context(
        model,
        data,
        rows,
        codes,
        z,
        matrix,
        causal_units(matrix),
        seed,
        grid,
        groups,
        batch_size,
        precision,
        budget,
        max(1, int(budget / one)),
        order[: SCORED * samples],
    )


def _ask(context: Context, budget: float, started: float, seconds: dict[str, float]) -> list[Section]:
    """Ask every question with its share of the time that is left, and note how long each took."""
    questions = [*QUESTIONS, *(IF_ALIVE if context.causal.dimension else ())]
    needs = [question.least(context) for question in questions]
    asked = [(question, need) for question, need in zip(questions, needs, strict=True) if need is not None]
    sections, unasked = [], {}
    with bar(len(asked), "assay", unit="question") as progress:
        for k, (question, need) in enumerate(asked):
            begun = time.perf_counter()
            left = max(0, int((1 - (begun - started) / budget) * context.passes))
            passes = allowance([need for _, need in asked[k:]], [each.weight for each, _ in asked[k:]], left)
            if passes is None:
                unasked[question.title] = need
            elif (section := question.ask(context.given(passes))) is not None:
                sections.append(section)
                seconds[section.key] = seconds.get(section.key, 0.0) + time.perf_counter() - begun
            progress.update()
    if unasked:
        sections.append(left_out(unasked, sum(need for _, need in asked), context, budget))
    return sections


def _check_varies(data: Observations, rows: torch.Tensor) -> None:
    few = data.batch(rows[:FEWEST])
    if bool((few == few[0]).all()):
        raise InputError(f"the first {FEWEST} rows drawn are all the same; give observations that vary")


def _meta(
    context: Context, name: str | None, data: Any, budget: float, seconds: dict[str, float], total: float
) -> dict[str, Any]:
    where, model = device_and_dtype(context.model), context.model
    data_name = getattr(data, "name", None)
    return {
        "model": name or type(model).__name__,
        "data": data_name if isinstance(data_name, str) else "observations",
        "date": time.strftime("%Y-%m-%d"),
        "facts": {
            "observations": f"{context.n} of {len(context.data)}, {_times(context.data.x_shape)}",
            "latent": f"{_times(model.latent_shape)}, {len(context.matrix.units)} units",
            "prior": type(model.prior).__name__ if model.prior else "none",
            "seed": context.seed,
            "time": f"{total:.1f} s",
        },
        "seconds": {key: round(spent, 1) for key, spent in seconds.items()},
        "samples": context.n,
        "rows used by each unit": _span(context.matrix.used),
        "precision": context.precision or "every row",
        "budget": f"{budget:g} s",
        "groups per factor": context.groups,
        "seed": context.seed,
        "total seconds": round(total, 1),
        "device": str(where.device),
        "arithmetic": str(where.dtype).removeprefix("torch."),
        "versions": {"latentassay": __version__, "torch": torch.__version__},
    }


def _span(counts: tuple[int, ...]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
