"""``fit_many``: train many small models side by side."""

import json
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import torch

from latentassay.core.checks import check_counts
from latentassay.core.errors import InputError, TrainingError
from latentassay.core.progress import bar
from latentassay.core.threads import cores
from latentassay.training.checkpoint import write_checkpoint, write_snapshot
from latentassay.training.checks import check_options, check_snapshots, hold_folder, open_folder
from latentassay.training.interrupt import catch_interrupt
from latentassay.training.log import Row, rewrite_rows
from latentassay.training.plain_trainer import PlainTrainer
from latentassay.training.run import MODEL, Run
from latentassay.training.run_state import facts_of
from latentassay.training.source import Source, open_source
from latentassay.training.trainer import pick_device
from latentassay.training.vmap_trainer import Training, VmapTrainer, Weights, kind_of

PRECISIONS = ("float32", "tf32")
"""Of products of matrices; batches, weights and sums are float32."""

PAUSE = 5e-5
"""Seconds that the host sleeps where the device has enough queued of every trainer."""

LARGE = 1e7
"""Weights times rows of a batch from which on a CPU spends its time on products of matrices, not on calling them."""

LOOK = 0.2
"""Seconds between looks at trainings on threads."""

AnyTrainer = VmapTrainer | PlainTrainer

Watch = Callable[[Mapping[str, int]], object]


def fit_many(
    trainings: Sequence[Training],
    *,
    device: Any = "auto",
    log_every: int = 50,
    seconds: float | None = None,
    graph: bool = True,
    progress: bool = True,
    watch: Watch | None = None,
) -> list[Run]:
    """Train many models in place, small ones of one architecture as one, and all of them side by side.

    For networks so small that a GPU waits for its next order: a step of a hundred costs about what a step of one
    does, and CUDA graphs take the host out of it. On a CPU trainings share its cores, a thread each; there networks
    of ten million weights times rows of a batch or more train each by itself, exactly as ``fit`` with the same seed
    trains them. Of all others batches are those of ``fit``, and so are the weights of autoencoders up to rounding;
    their noise is drawn for all models of one architecture from one generator that all their seeds fix, so a VAE's
    is another. No model's data, weight or length changes another's. All data are kept on the device. Ctrl-C ends
    all trainings after the steps at hand and returns them ``interrupted``. SIGTERM and SIGHUP keep them, too, and
    then end the program.

    Runs in folders read as those of ``fit``, but hold no state of the optimiser, so one cannot go on from them, and
    their rows have no ``images_per_second``. ``Run.seconds`` is a training's equal share of the time of all.

    Args:
        trainings: what to train.
        device: ``"auto"`` takes a GPU that torch can use. The models stay where they are.
        log_every: steps between rows of the histories, which are means since the row before.
        seconds: all trainings end after about so long, those that had more to do ``interrupted``.
        graph: replay steps as a CUDA graph where there is a GPU.
        progress: show a bar when someone looks.
        watch: called about every second with the steps done of every architecture.

    Raises:
        InputError: an option, a model, an objective, the data, or their fit to one another is wrong.
        CheckpointError: a folder already holds a run, or cannot be written.
        TrainingError: losses or weights of some models became NaN or infinite; the others are kept first.

    >>> from latentassay import models, objectives
    >>> def training(seed):
    ...     model = models.build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", seed=seed, hidden=(8,))
    ...     return Training(model, objectives.BetaVAE(0.1 * seed), torch.rand(16, 3), steps=5, seed=seed)
    >>> [run.step for run in fit_many([training(seed) for seed in range(3)], device="cpu")]
    [5, 5, 5]
    """
    where = pick_device(device)
    _check(trainings, log_every, seconds)
    # Signals are held back until all is written.
    with catch_interrupt() as interrupt_came, torch.inference_mode(False), torch.enable_grad():
        trainers, members = _members(trainings, where, log_every, graph)
        begin = time.perf_counter()
        _train(tuple(trainers), None if seconds is None else begin + seconds, progress, watch, interrupt_came)
        for trainer in trainers:
            trainer.stop()
        share = (time.perf_counter() - begin) / len(trainings)
        histories = {id(trainer): trainer.histories() for trainer in trainers}
        done = [_result(member, histories[id(member.trainer)][member.place], share) for member in members]
    if lost := [each for each, (_, is_finite) in zip(trainings, done, strict=True) if not is_finite]:
        raise TrainingError(
            f"{len(lost)} of {len(done)} trainings became NaN or infinite; lower lr (the first has lr {lost[0].lr:g}, "
            f"{lost[0].objective}, seed {lost[0].seed}); the others are kept"
        )
    return [run for run, _ in done]


def _train(
    trainers: tuple[AnyTrainer, ...],
    deadline: float | None,
    progress: bool,
    watch: Watch | None,
    interrupt_came: Callable[[], bool],
) -> None:
    """Train all until they are done, time is up, or Ctrl-C came."""
    watched_at = time.perf_counter()

    def is_over() -> bool:
        nonlocal watched_at
        if watch is not None and time.perf_counter() - watched_at >= 1:
            watch(_count_steps(trainers))
            watched_at = time.perf_counter()
        return interrupt_came() or (deadline is not None and time.perf_counter() >= deadline)

    with bar(sum(trainer.steps for trainer in trainers), "training", unit="step", visible=progress) as line:
        shares_cores = len(trainers) > 1 and trainers[0].device.type == "cpu"
        (_share_cores if shares_cores else _take_turns)(trainers, line.update, is_over)


def _count_steps(trainers: Sequence[AnyTrainer]) -> dict[str, int]:
    """Return the steps done of every architecture, the fewest where several trainers have it."""
    steps: dict[str, int] = {}
    for trainer in trainers:
        steps[trainer.label] = min(trainer.step, steps.get(trainer.label, trainer.step))
    return steps


def _take_turns(trainers: Sequence[AnyTrainer], update: Callable[[int], object], is_over: Callable[[], bool]) -> None:
    """Start another chunk of every trainer that is ready, in this thread."""
    live = list(trainers)
    while live and not is_over():
        ready = [trainer for trainer in live if trainer.is_ready()]
        for trainer in ready:
            update(trainer.advance())
        if not ready:
            time.sleep(PAUSE)
        live = [trainer for trainer in live if trainer.step < trainer.steps]


def _share_cores(trainers: Sequence[AnyTrainer], update: Callable[[int], object], is_over: Callable[[], bool]) -> None:
    """Take chunks of all trainers in turn on as many threads as there are cores, each of which has one for torch."""
    waiting, stop, before, counted = deque(trainers), Event(), torch.get_num_threads(), 0

    def work() -> None:
        torch.set_num_threads(1)
        with torch.inference_mode(False), torch.enable_grad():  # both are a thread's own
            while not stop.is_set() and (trainer := _take_first(waiting)) is not None:
                trainer.advance()
                if trainer.step < trainer.steps:
                    waiting.append(trainer)

    with ThreadPoolExecutor(min(len(trainers), cores())) as pool:
        futures = [pool.submit(work) for _ in range(min(len(trainers), cores()))]
        try:
            while not all(future.done() for future in futures) and not is_over():
                wait(futures, timeout=LOOK)
                done = sum(trainer.step for trainer in trainers)
                update(done - counted)
                counted = done
        finally:
            stop.set()
    torch.set_num_threads(before)
    for future in futures:
        future.result()


def _take_first(waiting: deque[AnyTrainer]) -> AnyTrainer | None:
    """Take the first trainer; ``None`` where others have all that are left."""
    try:
        return waiting.popleft()
    except IndexError:  # a look before would not tell: another thread may take the last meanwhile
        return None


class _Member(NamedTuple):
    """One training among those of its trainer."""

    trainer: AnyTrainer
    place: int
    source: Source


def _members(
    trainings: Sequence[Training], device: torch.device, log_every: int, graph: bool
) -> tuple[list[AnyTrainer], list[_Member]]:
    """Sort trainings by architecture into trainers; return these, and the member that each training is, in order."""
    sources = _open_sources(trainings, device)
    groups: dict[str, list[int]] = {}
    for index, each in enumerate(trainings):
        alone = f" {index}" if device.type == "cpu" and _is_large(each) else ""
        groups.setdefault(_kind(each, sources[index]) + alone, []).append(index)
    trainers, members = list[AnyTrainer](), dict[int, _Member]()
    for group in groups.values():
        trainer = _open_trainer([(trainings[index], sources[index]) for index in group], device, log_every, graph)
        trainers.append(trainer)
        members |= {index: _Member(trainer, place, sources[index]) for place, index in enumerate(group)}
    return trainers, [members[index] for index in range(len(trainings))]


def _is_large(training: Training) -> bool:
    weights: int = sum(each.numel() for each in training.model.parameters())
    return weights * training.batch_size >= LARGE


def _open_trainer(
    group: Sequence[tuple[Training, Source]], device: torch.device, log_every: int, graph: bool
) -> AnyTrainer:
    first, source = group[0]
    if device.type == "cpu" and _is_large(first):
        return PlainTrainer(first, _resident_rows(source), log_every=log_every)
    own = list({id(source): source for _, source in group}.values())
    slots = [next(slot for slot, each in enumerate(own) if each is source) for _, source in group]
    return VmapTrainer(
        [training for training, _ in group], list(map(_resident_rows, own)), slots, log_every=log_every, graph=graph
    )


def _open_sources(trainings: Sequence[Training], device: torch.device) -> list[Source]:
    """Open the data of every training, those of one object once; what they must lie in depends on the likelihood."""
    opened: dict[tuple[int, str], Source] = {}
    # By identity: arrays have no hash, and the caller holds them, so that no id is used twice.
    keys = [(id(each.data), repr(each.model.likelihood)) for each in trainings]
    for key, each in zip(keys, trainings, strict=True):
        if key not in opened:
            opened[key] = open_source(each.data, each.model, device, draws=sys.maxsize)
    return [opened[key] for key in keys]


def _resident_rows(source: Source) -> torch.Tensor:
    if source.stored is None:
        raise InputError(
            f"{source.name} does not fit into the free memory of the device, or holds tuples; train on "
            "fewer rows, or with fit"
        )
    return source.stored


def _kind(each: Training, source: Source) -> str:
    """What trainings of one trainer have in common."""
    spec = {key: value for key, value in each.model.spec.items() if key != "seed"}
    dtype = None if source.stored is None else str(source.stored.dtype)
    return json.dumps([spec, kind_of(each.objective), each.batch_size, each.lr, each.precision, source.n, dtype])


def _result(member: _Member, history: Sequence[Row], seconds: float) -> tuple[Run, bool]:
    """Give a model its weights, write its folder, and say whether all that was ever measured is finite."""
    trainer, place, _ = member
    training = trainer.members[place]
    step = min(training.steps, trainer.step)
    weights = trainer.weights(place, step)
    is_finite = all(bool(torch.isfinite(value).all()) for value in weights.values()) and all(
        math.isfinite(value) for row in history for value in row.values()
    )
    with torch.no_grad():
        training.model.load_state_dict(weights)
    run = Run(
        model=training.model,
        path=training.out,
        step=step,
        history=tuple(history),
        seconds=seconds,
        images_per_second=step * training.batch_size / seconds,
        interrupted=step < training.steps,
        snapshots=tuple(sorted(at for at in training.snapshots if at <= step)),
    )
    if is_finite and training.out is not None:
        with hold_folder(training.out, resume=False):
            _write(member, run, training.out)
    return run, is_finite


def _write(member: _Member, run: Run, folder: Path) -> None:
    """Write a run folder as ``fit`` does, without the optimiser."""
    trainer, place, source = member
    training = trainer.members[place]
    settings = {"batch_size": training.batch_size, "seed": training.seed, "precision": training.precision}
    kept = {at: _with_prefix(trainer.weights(place, at)) for at in {*run.snapshots, run.step}}
    rewrite_rows(folder, list(run.history))
    written = [
        write_snapshot(folder, kept[at], step=at, seconds=run.seconds * at / training.steps) for at in run.snapshots
    ]
    write_checkpoint(
        folder,
        kept[run.step],
        step=run.step,
        seconds=run.seconds,
        interrupted=run.interrupted,
        snapshots=tuple(written),
        **facts_of(training.model, training.objective, source, settings),
    )


def _with_prefix(weights: Weights) -> Weights:
    return {MODEL + name: value for name, value in weights.items()}


def _check(trainings: Sequence[Training], log_every: Any, seconds: Any) -> None:
    if not trainings:
        raise InputError("there is nothing to train: trainings is empty")
    check_counts(log_every=log_every)
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InputError(f"seconds must be a positive number, got {seconds!r}")
    if len({id(each.model) for each in trainings}) < len(trainings):
        raise InputError("a model is trained twice; build one for each training")
    for each in trainings:
        _check_one(each)


def _check_one(each: Training) -> None:
    check_counts(steps=each.steps, batch_size=each.batch_size)
    check_options(each.lr, each.seed, "float32")
    check_snapshots(each.snapshots, each.steps, each.out)
    if callable(each.lr):
        raise InputError("lr must be a number: where many models train, it has no schedule")
    if each.precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, got {each.precision!r}")
    if getattr(each.model, "spec", None) is None:
        raise InputError(
            "only models of models.build train side by side, which say how they were built; train others with fit"
        )
    frozen = [name for name, value in each.model.named_parameters() if not value.requires_grad]
    if odd := [name for name, _ in each.model.named_buffers()] or frozen:
        raise InputError(f"models with buffers or frozen weights do not train side by side, got {odd[0]}; use fit")
    if each.out is not None:
        open_folder(each.out, resume=False)
