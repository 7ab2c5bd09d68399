"""``fit``: train a model, log and validate it, and keep checkpoints to resume from."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from latentassay.core.checks import check_counts
from latentassay.core.errors import InputError
from latentassay.core.progress import bar
from latentassay.objectives.auxiliary_networks import with_rows
from latentassay.training.checks import check_interval, check_options, check_snapshots, hold_folder, open_folder
from latentassay.training.freeze import freeze_parts
from latentassay.training.interrupt import catch_interrupt
from latentassay.training.run import Run
from latentassay.training.run_state import RunState, facts_of
from latentassay.training.sampler import Sampler
from latentassay.training.source import Source, open_source
from latentassay.training.trainer import Trainer, compile_networks, pick_device, training_mode


def fit(
    model: nn.Module,
    objective: Any,
    data: Any,
    *,
    steps: int,
    batch_size: int = 128,
    lr: Any = 1e-3,
    seed: int = 0,
    device: Any = "auto",
    precision: str = "float32",
    validation: Any = None,
    out: str | Path | None = None,
    resume: bool = False,
    checkpoint_every: int | str = 1000,
    snapshots: Sequence[int] = (),
    freeze: Sequence[str] = (),
    log_every: int = 50,
    channels_last: bool = False,
    compile: bool = False,
    callback: Callable[[int, nn.Module], Any] | None = None,
    progress: bool = True,
) -> Run:
    """Train ``model`` in place with Adam.

    The whole data set is kept on the device, as uint8 where it is stored so, if it takes less than half of the free
    memory; otherwise rows are read as they are needed, with the same result. Batches follow from seed and step alone:
    an endless stream of shuffled epochs, so a batch may span two of them and may be larger than the data. The global
    random state and the model's train/eval modes are left as they were found. Ctrl-C ends training after the step at
    hand, saves, and returns the run with ``interrupted`` set; SIGTERM and SIGHUP save, too, and then end the program.

    Args:
        model: a model from ``models.build``, or any module that the objective can use.
        objective: ``(model, x, generator) → Loss``, see ``objectives``.
        data: a ``FactorData``, any ``Observations``, or a float tensor ``(n, *x_shape)``.
        steps: optimiser steps in all, including those done before a resume.
        batch_size: observations in a step.
        lr: learning rate of Adam (β₁ = 0.9, β₂ = 0.999, no weight decay), or a function of the step such as
            ``training.cosine(1e-2, steps)``; a resumed run may change it.
        seed: fixes batches, noise and dropout.
        device: ``"auto"`` takes a GPU that torch can use; the model stays on the device.
        precision: ``"float32"``, or ``"bf16"`` to run the networks under autocast (weights and densities stay float32).
        validation: held-out data of the same shape, scored every ``checkpoint_every`` steps and at the end.
        out: folder for ``manifest.json``, one checkpoint, and ``metrics.jsonl``; nothing is written without it.
        resume: go on from the checkpoint in ``out``, or begin if there is none. On the CPU the result equals that of
            a run that was never interrupted, bit for bit.
        checkpoint_every: steps between checkpoints, or time, such as ``"10min"``; each replaces the one before.
        snapshots: steps whose weights stay in ``out`` besides, for ``load_run(out, step=…)``.
        freeze: parts of the model that stay exactly as they are, normalisation statistics included, such as
            ``("encoder",)``: names of its submodules.
        log_every: steps between rows of the history, which are means since the row before.
        channels_last: keep images and convolutions in channels-last memory, often faster.
        compile: run the networks through ``torch.compile``; needs a C++ compiler.
        callback: called after every step with the number of steps taken and the model, such as a ``la.Monitor``; what
            it does with random numbers or the model counts as training, and what it raises ends it.
        progress: show a bar when someone looks, see ``progress``.

    Raises:
        InputError: an option, the data, or their fit to the model is wrong.
        ContractError: the objective cannot be used with the model.
        TrainingError: loss or weights became NaN or infinite; the last checkpoint is kept.
        CheckpointError: ``out`` holds another run, a damaged one, or one while ``resume`` was not said; another process
            writes there; it cannot be written, e.g. on a full disk, and what was trained is saved as far as it can be.

    >>> from latentassay import models, objectives
    >>> model = models.build("ae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(8,))
    >>> fit(model, objectives.AE(), torch.rand(16, 3), steps=5, device="cpu").step
    5
    """
    if callback is not None and not callable(callback):
        raise InputError(f"callback must be a function of step and model, got {callback!r:.80}")
    if not isinstance(model, nn.Module):
        raise InputError(f"model must be a torch module, got {model!r:.80}; fit trains its parameters")
    check_counts(steps=steps, batch_size=batch_size, log_every=log_every)
    interval = check_interval(checkpoint_every)
    check_options(lr, seed, precision)
    check_snapshots(snapshots, steps, out)
    folder, where = open_folder(out, resume), pick_device(device)
    with (
        hold_folder(folder, resume),
        training_mode(model, where, seed),
        freeze_parts(model, freeze),
        compile_networks(model, wanted=compile),
    ):
        # Held-out rows are few and read each time: draws=0 never makes them resident.
        source = open_source(data, model, where, draws=steps * batch_size)
        held_out = None if validation is None else open_source(validation, model, where, draws=0)
        layout = torch.channels_last if channels_last else torch.preserve_format
        model.to(where)
        if channels_last:
            model.to(memory_format=layout)  # type: ignore[call-overload]  # unknown to torch's stubs
        objective = with_rows(objective, source.n)
        trainer = Trainer(model, objective, lr=lr, seed=seed, device=where, half=precision == "bf16", layout=layout)
        settings = {"batch_size": batch_size, "seed": seed, "precision": precision, "freeze": list(freeze)}
        facts, kept = facts_of(model, objective, source, settings), frozenset(snapshots)
        state = RunState(trainer, held_out, folder, facts, kept)
        milestones = _Milestones(steps, log_every, interval, kept)
        sampler = Sampler(source.n, batch_size, seed)
        interrupted = _train(trainer, state, source, sampler, milestones, callback=callback, visible=progress)
    return state.result(interrupted)


class _Milestones:
    """Steps after which a row is logged, or a checkpoint written."""

    def __init__(
        self, steps: int, log_every: int, interval: tuple[int | None, float | None], snapshots: frozenset[int]
    ):
        self.steps, self._log_every, self._milestones = steps, log_every, snapshots | {steps}
        self._every, self._seconds = interval
        self._last = time.monotonic()

    def is_milestone(self, step: int) -> bool:
        """Whether it is; called once after each step."""
        found = step in self._milestones or (self._every is not None and step % self._every == 0)
        if self._seconds is not None and (found or time.monotonic() - self._last >= self._seconds):
            self._last, found = time.monotonic(), True
        return found

    def is_row(self, step: int) -> bool:
        return step % self._log_every == 0


def _train(
    trainer: Trainer,
    state: RunState,
    source: Source,
    sampler: Sampler,
    milestones: _Milestones,
    *,
    callback: Callable[[int, nn.Module], Any] | None,
    visible: bool,
) -> bool:
    """Take the steps that are left; return whether Ctrl-C cut them short."""
    with (
        catch_interrupt() as interrupt_came,
        bar(milestones.steps, "training", unit="step", start=trainer.step, visible=visible) as line,
    ):
        mark = time.perf_counter()
        while trainer.step < milestones.steps:
            state.keep(trainer.learn(source.batch(sampler.rows(trainer.step))))
            line.update()
            if callback is not None:
                callback(trainer.step, trainer.model)
            stop = interrupt_came() and trainer.step < milestones.steps
            milestone = stop or milestones.is_milestone(trainer.step)
            if milestone or milestones.is_row(trainer.step):
                row = state.log(time.perf_counter() - mark, milestone=milestone, interrupted=stop)
                line.update(0, **{name: f"{value:.4g}" for name, value in row.items() if name != "step"})
                mark = time.perf_counter()
            if stop:
                return True
    return False
