"""``assay``: every question, in order, on one model and one data set."""

import time
from collections.abc import Callable
from typing import Any

import torch

from latentassay._version import __version__
from latentassay.assay.consistency import ask_consistency
from latentassay.assay.factors import ask_factors
from latentassay.assay.fit import ask_fit
from latentassay.assay.manifold import ask_field, ask_holes, ask_structure
from latentassay.assay.paths import ask_paths
from latentassay.assay.questions import ask_graph, ask_reconstruction, ask_responses, ask_traversals, ask_units
from latentassay.assay.result import Assay
from latentassay.assay.spatial import ask_spatial
from latentassay.assay.subject import Subject, seeded
from latentassay.autoencoder import Autoencoder, home
from latentassay.contract import check_autoencoder
from latentassay.errors import InputError
from latentassay.findings import Section
from latentassay.observations import Observations, as_observations
from latentassay.progress import bar
from latentassay.responses import causal_units, respond, response_matrix
from latentassay.responses.pace import Pace
from latentassay.sampling import BATCH_SIZE, drawn, encode
from latentassay.units import Units

FEWEST = 32
"""An assay of fewer rows would answer nothing."""

SCORED = 10
"""Codes are scored against factors on so many times the rows that are intervened on; they only need to be encoded."""

COARSEST = 20
"""Side of the field that even a slow model is asked for."""

FEWEST_DRAWS, USUAL_DRAWS = 64, 256
"""Latents of each kind that a very slow model is asked for, and those that one is which can afford a few passes."""

ALWAYS: tuple[Callable[[Subject], Section | None], ...] = (ask_reconstruction, ask_fit, ask_units, ask_spatial)
IF_ALIVE: tuple[Callable[[Subject], Section | None], ...] = (
    ask_responses, ask_graph, ask_consistency, ask_traversals, ask_field, ask_paths, ask_structure, ask_holes,
    ask_factors,
)  # fmt: skip


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
        samples: rows drawn, and latents drawn of each kind. The response matrix takes ``units + 1`` passes of each.
            Codes are scored against factors on ten times as many rows, if there are as many.
        seed: seed of everything drawn; the same seed gives the same assay.
        units: what is intervened on; scalars or channels where left out.
        grid: side of the response field.
        groups: groups per factor in the conditioned response matrix.
        precision: stop measuring an entry of the response matrices when its 95 % interval reaches no further to each
            side than this share of the greatest response; ``None`` uses every row.
        budget: seconds, about, that interventions may take in all. Fast models need less, and the same seed gives the
            same assay; slow ones are asked fewer questions, and the report says how many.
        batch_size: rows per pass.
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
    rows = order[:samples]
    check_autoencoder(model, observations.batch(rows[:8]))
    _check_varies(observations, rows)
    Pace(precision, budget)  # refuses what cannot be used before anything is measured
    with bar(len(ALWAYS) + len(IF_ALIVE) + 1, "assay", unit="question") as progress:
        subject = _prepare(
            model, observations, order, samples, seed, units, grid, groups, precision, budget, batch_size
        )
        progress.update()
        sections, seconds = [], {"responses": time.perf_counter() - started}
        for ask in ALWAYS + (IF_ALIVE if subject.causal.dimension else ()):
            begun = time.perf_counter()
            section = ask(subject)
            if section is not None:
                sections.append(section)
                seconds[section.key] = seconds.get(section.key, 0.0) + time.perf_counter() - begun
            progress.update()
    return Assay(tuple(sections), _meta(subject, name, data, seconds, time.perf_counter() - started))


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
) -> Subject:
    rows = order[:samples]
    codes = encode(model, data, rows=rows, generator=seeded(seed, "posterior"), batch_size=batch_size)
    z = drawn(codes)
    matrix = response_matrix(
        model, z, units=units, generator=seeded(seed, "matrix"), precision=precision, budget=budget / 2,
        batch_size=batch_size,
    )  # fmt: skip
    affordable = int(_passes_per_second(model, z[:batch_size]) * budget / 8)
    # The field and the map of costs take side² passes each, holes and structure about twenty of every latent drawn.
    side = min(grid, max(COARSEST, int((affordable / 2) ** 0.5)))
    # A slow model may spend more of its time on them, down to about six passes of every latent.
    wanted = min(affordable // 6, max(USUAL_DRAWS, affordable // 20))
    draws = min(len(rows), max(FEWEST_DRAWS, wanted))
    scored = order[: max(samples, min(SCORED * samples, affordable))]
    return Subject(
        model, data, rows, codes, z, matrix, causal_units(matrix), seed, side, groups, batch_size, precision, budget,
        affordable, draws, scored,
    )  # fmt: skip


def _passes_per_second(model: Autoencoder, z: torch.Tensor) -> float:
    """Speed of one batch, the better of two; a model that has just been loaded is slow at first."""
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        respond(model, z, batch_size=len(z))
        times.append(time.perf_counter() - begun)
    return len(z) / max(min(times), 1e-9)


def _check_varies(data: Observations, rows: torch.Tensor) -> None:
    few = data.batch(rows[:FEWEST])
    if bool((few == few[0]).all()):
        raise InputError(f"the first {FEWEST} rows drawn are all the same; give observations that vary")


def _meta(subject: Subject, name: str | None, data: Any, seconds: dict[str, float], total: float) -> dict[str, Any]:
    where, model = home(subject.model), subject.model
    data_name = getattr(data, "name", None)
    return {
        "model": name or type(model).__name__,
        "data": data_name if isinstance(data_name, str) else "observations",
        "date": time.strftime("%Y-%m-%d"),
        "facts": {
            "observations": f"{subject.n} of {len(subject.data)}, {_times(subject.data.x_shape)}",
            "latent": f"{_times(model.latent_shape)}, {len(subject.matrix.units)} units",
            "prior": type(model.prior).__name__ if model.prior else "none",
            "seed": subject.seed,
            "time": f"{total:.1f} s",
        },
        "seconds": {key: round(spent, 1) for key, spent in seconds.items()},
        "samples": subject.n,
        "side of the field": subject.grid,
        "rows scored against factors": len(subject.scored),
        "rows used by each unit": _span(subject.matrix.used),
        "latents drawn of each kind": subject.draws,
        "precision": subject.precision or "every row",
        "budget": f"{subject.seconds:g} s",
        "groups per factor": subject.groups,
        "seed": subject.seed,
        "total seconds": round(total, 1),
        "device": str(where.device),
        "arithmetic": str(where.dtype).removeprefix("torch."),
        "versions": {"latentassay": __version__, "torch": torch.__version__},
    }


def _span(counts: tuple[int, ...]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
