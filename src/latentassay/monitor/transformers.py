"""The monitor as a callback of Hugging Face's ``Trainer``; made where transformers is installed, when asked for."""

from importlib import import_module
from typing import Any

from latentassay.core.errors import InputError


def transformers_callback(monitor: Any) -> Any:
    """Return a ``TrainerCallback`` that calls the monitor after every step, and closes it when training ends.

    Raises:
        InputError: transformers is not installed.
    """
    try:
        base: Any = import_module("transformers").TrainerCallback
    except ImportError as error:
        raise InputError("to_transformers() needs transformers; run: pip install transformers") from error

    class MonitorCallback(base):  # type: ignore[misc]  # known when it runs
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
            monitor(state.global_step, model)

        def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
            monitor.close()

    return MonitorCallback()
