"""Diagnosers are asked about plants, in several processes; what comes back is one outcome for each question."""

import inspect
import multiprocessing
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from latentassay.assay.contradictions import contradictions
from latentassay.core.autoencoder import modules_of
from latentassay.core.levels import GRAVE
from latentassay.core.processes import end_with_parent
from latentassay.core.progress import bar
from latentassay.truth.diagnosers import Diagnoser, find_diagnoser
from latentassay.truth.diagnosers.ours import accusations, diagnose, report
from latentassay.truth.judging import Verdict, judge, read_answer
from latentassay.truth.plant import Kind, Plant
from latentassay.truth.plants import kinds


@dataclass(frozen=True, kw_only=True)
class Task:
    """One plant, and who is asked about it.

    Attributes:
        kind: name of the kind that plants it.
        name: the same, or of a clean twin what several kinds share.
        dose: 0 to 3.
        seed: of the plant.
        diagnosers: names.
        repeats: seeds with which each diagnoser is asked.
        trust: whether functions may be imported.
    """

    kind: str
    name: str
    dose: int
    seed: int
    diagnosers: tuple[str, ...]
    repeats: tuple[int, ...] = (0,)
    trust: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a diagnoser said of one plant.

    Attributes:
        name: of the kind or the clean twin.
        dose: 0 to 3.
        seed: of the plant.
        diagnoser: who said it.
        repeat: the seed with which it was asked.
        verdict: what is right and wrong about it.
        seconds: what it took.
        accused: defects and subjects at grave levels, as text.
        unsure: keys of findings that are unsure.
        doubted: defects of which it is accused, and subjects of whom it is not sure, as text.
        held: score → whether its interval holds the true value, for scores whose truth is known.
        contradictions: pairs of findings that cannot both be true.
        failed: the error, where it raised one.
    """

    name: str
    dose: int
    seed: int
    diagnoser: str
    repeat: int
    verdict: Verdict
    seconds: float
    accused: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    held: dict[str, bool] = field(default_factory=dict)
    contradictions: tuple[str, ...] = ()
    failed: str | None = None


def twin_name(kind: Kind) -> str:
    """Return what the clean twin of a kind is called; kinds that share one share its name.

    >>> from latentassay.truth.plants import kinds
    >>> twin_name(kinds(("ring",))[0])
    'clean vectors'
    """
    return kind.name if kind.is_clean else kind.clean.__name__.replace("_", " ")


def tasks(
    chosen: Sequence[Kind],
    *,
    seeds: int,
    doses: Sequence[int] = (1, 2, 3),
    diagnosers: Sequence[str] = ("ours",),
    repeats: int = 5,
    trust: bool = False,
) -> list[Task]:
    """Return every question of a bench: each kind at each dose and seed, and each clean twin once for every seed.

    Full doses and clean twins of the first ``repeats`` seeds are asked about twice, with another seed of the assay.
    """
    twins = {twin_name(kind): kind for kind in reversed(chosen)}
    asked = [(kind, kind.name, dose) for kind in chosen if not kind.is_clean for dose in doses]
    asked += [(kind, name, 0) for name, kind in twins.items()]
    return [
        Task(
            kind=kind.name,
            name=name,
            dose=dose,
            seed=seed,
            diagnosers=tuple(diagnosers),
            repeats=(0, 1) if dose in (0, 3) and seed < repeats else (0,),
            trust=trust,
        )
        for seed in range(seeds)
        for kind, name, dose in asked
    ]


@runtime_checkable
class Record(Protocol):
    """Where answers are kept between runs."""

    def find(self, task: Task) -> list[Outcome] | None:
        """Return the outcomes of a task, or ``None`` if it was not answered."""

    def add(self, task: Task, outcomes: Iterable[Outcome]) -> None:
        """Keep the outcomes of a task."""


def run(questions: Sequence[Task], *, processes: int = 1, journal: Record | None = None) -> list[Outcome]:
    """Ask all questions that the journal has no answer to, each process with one thread.

    Args:
        questions: tasks.
        processes: how many are answered at once.
        journal: answers of an earlier run, to which every new one is added at once.

    Returns:
        Outcomes in the order of the questions.
    """
    known = {} if journal is None else {k: journal.find(task) for k, task in enumerate(questions)}
    found = {k: outcomes for k, outcomes in known.items() if outcomes is not None}
    left = {k: task for k, task in enumerate(questions) if k not in found}
    with bar(len(left), "bench truth", unit="plant") as progress:
        answers = _in_processes(left, processes) if processes > 1 else ((k, answer(task)) for k, task in left.items())
        for k, outcomes in answers:
            found[k] = outcomes
            if journal is not None:
                journal.add(questions[k], outcomes)
            progress.update()
    return [outcome for k in range(len(questions)) for outcome in found[k]]


def _in_processes(questions: Mapping[int, Task], processes: int) -> Iterator[tuple[int, list[Outcome]]]:
    # A forked child would inherit torch's threads in the middle of their work.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin_worker) as pool:
        waiting = {pool.submit(answer, task): k for k, task in questions.items()}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin_worker() -> None:
    import torch

    end_with_parent()
    torch.set_num_threads(1)


def answer(task: Task) -> list[Outcome]:
    """Plant, ask every diagnoser, and judge what they say."""
    (kind,) = [each for each in kinds() if each.name == task.kind]
    plant = kind.at(task.dose, task.seed)
    return [
        _ask(task, plant, name, find_diagnoser(name, trust=task.trust), repeat)
        for name in task.diagnosers
        for repeat in task.repeats
    ]


def _ask(task: Task, plant: Plant, name: str, diagnoser: Diagnoser, repeat: int) -> Outcome:
    begun = time.perf_counter()
    options = _taken(diagnoser, {**plant.options, "seed": repeat})
    said, more = _answer(plant, diagnoser, options)
    seconds = time.perf_counter() - begun
    accusations = read_answer(said, name)
    grave = [one for one in accusations if one.level is None or one.level in GRAVE]
    return Outcome(
        name=task.name,
        dose=task.dose,
        seed=task.seed,
        diagnoser=name,
        repeat=repeat,
        verdict=judge(plant, accusations),
        seconds=seconds,
        accused=tuple(f"{one.defect} {' '.join(sorted(one.subjects))}".strip() for one in grave),
        **more,
    )


def _answer(plant: Plant, diagnoser: Diagnoser, options: dict[str, Any]) -> tuple[Iterable[Any], dict[str, Any]]:
    """What a diagnoser says and what is known besides; one that raises has said nothing, and the bench goes on."""
    try:
        if diagnoser is diagnose:
            return _assayed(plant, options)
        return diagnoser(plant.model, plant.data, **options), {}
    except Exception as error:
        return (), {"failed": f"{type(error).__name__}: {error}"}


def _taken(function: Diagnoser, options: dict[str, Any]) -> dict[str, Any]:
    """Those options for which a function has a parameter by keyword."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in parameters}


def _assayed(plant: Plant, options: dict[str, Any]) -> tuple[Iterable[Any], dict[str, Any]]:
    """What our assay accuses a plant of, and what only an assay has: intervals, and findings that may contradict."""
    result = report(plant.model, plant.data, **options)
    scores = result.scores
    held = {
        name: (scores[name].low or 0.0) - 1e-9 <= truth <= (scores[name].high or 0.0) + 1e-9
        for name, truth in plant.known.items()
        if name in scores and scores[name].low is not None and scores[name].high is not None
    }
    excluded = contradictions(
        result.findings,
        scores,
        units=result.meta.units,
        has_prior=plant.model.prior is not None,
        is_trainable=any(True for module in modules_of(plant.model) for _ in module.parameters()),
    )
    more = {
        "unsure": tuple(sorted({one.key for one in result.findings if one.level == "unsure"})),
        "doubted": tuple(f"{one.key} {' '.join(one.doubtful)}" for one in result.findings if one.doubtful),
        "held": held,
        "contradictions": tuple(excluded),
    }
    return accusations(result), more
