"""``Monitor``: assays of a model while it trains, within a share of the time, in any loop."""

import json
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, final

import torch

from latentassay.adapters._whole import as_autoencoder
from latentassay.assay import Assay, assay
from latentassay.assay.question import choose, known_questions
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.checks import check_counts, check_positive
from latentassay.core.errors import first_line
from latentassay.core.observations import as_observations
from latentassay.core.text import printable
from latentassay.monitor.account import Account
from latentassay.monitor.changes import Change, find_changes
from latentassay.monitor.loggers import as_logs
from latentassay.monitor.reading import Reading, read, row
from latentassay.monitor.undisturbed import undisturbed

QUESTIONS = ("reconstruction", "units", "holes")
"""What is asked while a model trains, unless others are named."""

LOG_FILE = "monitor.jsonl"
"""One line for every assay."""


class MonitorWarning(UserWarning):
    """Something became worse while a model trained, or an assay of it failed; training goes on."""


@final
class Monitor:
    """Assays a model every so many steps within a share of the time of its training, logs, and warns by name.

    Call it after every step of a loop of your own, ``monitor(step, model)``; or give it to ``la.fit(callback=)``; or
    give ``monitor.to_lightning()`` or ``monitor.to_transformers()`` to a trainer. An assay that is due waits until
    ``share`` of the time that was trained pays for it, less what was spent before, and its budget is what was saved: so
    ``spent ≤ share × trained`` after each assay that keeps its budget, and one that takes longer is paid off first.

    Training is the same with and without it, bit for bit: random states, train and eval modes, buffers, gradients and
    flags are put back as they were. An assay that fails is a warning with its cause.

    It warns, once each time, where the best of the assays before and the newest differ beyond doubt: *posterior
    collapse begins*, *units die* and *holes grow*, see ``monitor.changes``. Intervals are widened for all comparisons
    of a run, so that at most one run in twenty in which nothing changes is warned of each.

    Args:
        data: observations that the model is not trained on, as ``la.assay`` takes them; at least 32 rows.
        every: steps from one assay to the next, at least.
        share: of the time of training that all assays may take, in (0, 1].
        out: folder for ``monitor.jsonl``, for the assays in ``assays/``, and for the page that ``close`` writes.
        loggers: one or several that get every number: TensorBoard's ``SummaryWriter``, the module ``mlflow``, a run of
            W&B, a logger of Lightning, or a function ``(step, numbers)``.
        questions: what is asked, see ``la.assay``; what comes back, which units live and where holes are if left out.
        samples: rows drawn and latents drawn of each kind, see ``la.assay``.
        budget: seconds that one assay may take, at most.
        keep: saved assays that stay in ``out``, the newest; those that were warned of stay besides.
        seed: of everything that assays draw, the same each time, so that two of them differ by what was learnt.
        wrap: model of the loop → autoencoder, e.g. ``lambda module: la.from_torch(module.enc, module.dec, …)``; learnt
            from the model where left out.
        notify: takes each warning; ``warnings.warn`` if left out.

    Attributes:
        readings: what each assay read, in order.
        changes: everything that was warned of.
        latest: the newest assay, with all of its evidence; ``None`` before the first.
        failures: how many assays failed.

    Raises:
        InputError: an option or the data cannot be used; errors while training are warnings.

    >>> import latentassay as la
    >>> model = la.models.build("vae-mlp", x_shape=(4,), latents=2, likelihood="gaussian", hidden=(8,))
    >>> monitor = la.Monitor(torch.randn(64, 4), every=10)
    >>> run = la.fit(model, la.objectives.BetaVAE(1.0), torch.randn(99, 4), steps=20, device="cpu", callback=monitor)
    >>> monitor.spent <= monitor.share * monitor.trained
    True
    """

    def __init__(
        self,
        data: Any,
        *,
        every: int = 1000,
        share: float = 0.02,
        out: str | Path | None = None,
        loggers: Any = None,
        questions: Iterable[str] | None = QUESTIONS,
        samples: int = 512,
        budget: float = 30.0,
        keep: int = 5,
        seed: int = 0,
        wrap: Callable[[Any], Autoencoder] | None = None,
        notify: Callable[[str], None] | None = None,
    ):
        check_counts(every=every, samples=samples, keep=keep)
        check_positive(budget=budget)
        self._account = Account(share, most=budget)
        self._data, self._every, self._seed, self._samples = as_observations(data), every, seed, samples
        self._questions = [question.key for question in choose(known_questions(), questions)]
        self._folder, self._keep = None if out is None else Path(out), keep
        self._logs, self._notify = as_logs(loggers), notify
        self._wrap = wrap
        self._wrapped: tuple[Any, Autoencoder] | None = None
        self._last_step, self._told = 0, set[str]()
        self.readings: list[Reading] = []
        self.changes: list[Change] = []
        self.latest: Assay | None = None
        self.failures = 0

    @property
    def share(self) -> float:
        """Share of the time of training that all assays may take."""
        return self._account.share

    @property
    def spent(self) -> float:
        """Seconds that all assays took, with everything about them."""
        return self._account.spent

    @property
    def trained(self) -> float:
        """Seconds between calls, which are those of training."""
        return self._account.trained

    def __call__(self, step: int, model: Any) -> Reading | None:
        """Assay the model if it is due and paid for.

        Args:
            step: optimiser steps that have been taken.
            model: what is trained.

        Returns:
            What was read; ``None`` where nothing was due, where it has to wait, or where it failed.
        """
        self._account.train()
        if step // self._every <= self._last_step // self._every or not _is_first_process():
            return None
        budget = self._account.budget()
        if not budget:
            return None
        self._last_step, reading = step, None
        try:
            with undisturbed(model):
                reading = self._ask(step, model, budget)
        except Exception as error:  # whatever it is, training is worth more
            self.failures += 1
            self._tell(f"the assay at step {step} failed and training goes on: {type(error).__name__}: ", error)
        finally:
            self._account.pay(budget)
        return reading

    def close(self) -> None:
        """Write the page of the run, ``monitor.html`` in ``out``; call it when training has ended."""
        if self._folder is not None and self.latest is not None:
            self.latest.to_html(self._folder / "monitor.html")

    def to_lightning(self) -> Any:
        """Return a callback for a ``Trainer`` of Lightning.

        Its module must have ``encode`` and ``decode``, or ``wrap`` says where they are.

        Raises:
            InputError: neither ``lightning`` nor ``pytorch_lightning`` is installed.
        """
        from latentassay.monitor.lightning import lightning_callback

        return lightning_callback(self)

    def to_transformers(self) -> Any:
        """Return a callback for a ``Trainer`` of Hugging Face's transformers.

        Raises:
            InputError: ``transformers`` is not installed.
        """
        from latentassay.monitor.transformers import transformers_callback

        return transformers_callback(self)

    def _ask(self, step: int, model: Any, budget: float) -> Reading:
        before = self._account.elapsed()
        found = assay(
            self._opened(model),
            self._data,
            questions=self._questions,
            samples=self._samples,
            seed=self._seed,
            budget=budget,
            name=f"{type(model).__name__} at step {step}",
        )
        reading = read(found, step=step, seconds=self._account.elapsed() - before, budget=budget)
        changes = find_changes(self.readings, reading, self.changes)
        self.readings.append(reading)
        self.changes += changes
        self.latest = found
        self._keep_all(found, reading, changes)
        for change in changes:
            self._tell(change.sentence)
        return reading

    def _opened(self, model: Any) -> Any:
        """The model behind the door; what it leaves unsaid is learnt once, lest two assays read it differently."""
        if self._wrapped is None or self._wrapped[0] is not model:
            inner = model.module if not hasattr(model, "encode") and hasattr(model, "module") else model
            opened = self._wrap(inner) if self._wrap else as_autoencoder(inner, self._data).model
            self._wrapped = (model, opened)
        return self._wrapped[1]

    def _keep_all(self, found: Assay, reading: Reading, changes: tuple[Change, ...]) -> None:
        """Log and save; a logger that fails is a warning, and the others go on."""
        numbers = {name: float(value) for name, value in reading.numbers.items()}
        for log in self._logs:
            try:
                log(reading.step, numbers)
            except Exception as error:  # of a foreign logger, such as one whose server is gone
                self._tell("a logger failed and training goes on: ", error)
        if self._folder is None:
            return
        share = self._account.spent / max(self._account.trained, 1e-9)
        line = row(reading, share=share, warnings=[change.sentence for change in changes])
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / LOG_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        found.save(self._folder / "assays" / _file_name(reading.step))
        warned = {change.step for change in self.changes}
        for old in self.readings[: -self._keep]:
            if old.step not in warned:
                (self._folder / "assays" / _file_name(old.step)).unlink(missing_ok=True)

    def _tell(self, words: str, error: Exception | None = None) -> None:
        """Say a warning; the same cause is said once."""
        cause = "" if error is None else first_line(error)
        if cause in self._told:
            return
        if error is not None:
            self._told.add(cause)
        text = printable(words + cause)
        if self._notify is not None:
            self._notify(text)
        else:
            warnings.warn(text, MonitorWarning, stacklevel=4)


def _file_name(step: int) -> str:
    return f"step-{step:08d}.safetensors"


def _is_first_process() -> bool:
    """Of several that train together one assays."""
    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    return not together or torch.distributed.get_rank() == 0
