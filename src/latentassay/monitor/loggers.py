"""Numbers to whatever logs them: TensorBoard, W&B, MLflow and Lightning's loggers by what they can do; a function."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from latentassay.core.errors import InputError

Log = Callable[[int, Mapping[str, float]], None]
"""Takes a step and numbers by name."""

PREFIX = "latentassay/"
"""Before every name, so that dashboards group them."""


def as_logs(loggers: Any) -> tuple[Log, ...]:
    """Return one function for each logger.

    Args:
        loggers: one or several of: a ``SummaryWriter`` (it has ``add_scalar``), the module ``mlflow`` or a logger of
            Lightning (``log_metrics``), a run of W&B or the module ``wandb`` (``log``), a function of step and numbers.

    Raises:
        InputError: one is none of these.

    >>> seen = []
    >>> (log,) = as_logs(lambda step, numbers: seen.append((step, numbers)))
    >>> log(10, {"units.alive": 4.0})
    >>> seen
    [(10, {'latentassay/units.alive': 4.0})]
    """
    if loggers is None:
        return ()
    several = list(loggers) if isinstance(loggers, Iterable) and not _is_logger(loggers) else [loggers]
    return tuple(_prefixed(_as_log(logger)) for logger in several)


def _is_logger(logger: Any) -> bool:
    return any(hasattr(logger, name) for name in ("add_scalar", "log_metrics", "log")) or callable(logger)


def _prefixed(log: Log) -> Log:
    return lambda step, numbers: log(step, {PREFIX + name: value for name, value in numbers.items()})


def _add_scalars(writer: Any, step: int, numbers: Mapping[str, float]) -> None:
    for name, value in numbers.items():
        writer.add_scalar(name, value, step)


def _as_log(logger: Any) -> Log:
    if hasattr(logger, "add_scalar"):
        return lambda step, numbers: _add_scalars(logger, step, numbers)
    if hasattr(logger, "log_metrics"):
        return lambda step, numbers: logger.log_metrics(dict(numbers), step=step)
    if hasattr(logger, "log"):
        # W&B drops what comes with a step that is behind its own, which counts calls unless the user gives one. So the
        # step goes along as a number, which a panel can take as its axis.
        return lambda step, numbers: logger.log({**numbers, f"{PREFIX}step": step})
    if callable(logger):
        return logger  # type: ignore[no-any-return]
    raise InputError(
        "a logger must have add_scalar (TensorBoard), log_metrics (MLflow, Lightning) or log (W&B), or be a function "
        f"of step and numbers; got {type(logger).__name__}"
    )
