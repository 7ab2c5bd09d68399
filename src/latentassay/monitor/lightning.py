"""The monitor as a callback of Lightning; the class is made where Lightning is installed, and only when asked for."""

import sys
from importlib import import_module
from typing import Any

from latentassay.core.errors import InputError

PACKAGES = ("lightning.pytorch", "pytorch_lightning")
"""Two names of one framework, whose trainers take only callbacks of their own."""


def lightning_callback(monitor: Any) -> Any:
    """Return a ``Callback`` that calls the monitor after every batch, and closes it when training ends.

    Raises:
        InputError: Lightning is not installed.
    """

    class MonitorCallback(_callback_class()):  # type: ignore[misc]  # known when it runs
        def on_train_batch_end(self, trainer: Any, pl_module: Any, *batch: Any) -> None:
            monitor(trainer.global_step, pl_module)

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            monitor.close()

    return MonitorCallback()


def _callback_class() -> Any:
    """The class of the package that the program has imported, or of one that is there."""
    for name in sorted(PACKAGES, key=lambda name: name not in sys.modules):
        try:
            return import_module(name).Callback
        except ImportError:
            continue
    raise InputError("to_lightning() needs Lightning; run: pip install lightning")
