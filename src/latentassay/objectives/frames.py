"""Checks of models and batches: what objectives train through, single observations, and tuples of them."""

from typing import Any

from torch import Tensor

from latentassay.core.errors import ContractError, InputError


def require(model: Any, *names: str) -> None:
    """Refuse a model that lacks an attribute which an objective trains through.

    Raises:
        ContractError: naming what is missing.
    """
    if missing := [name for name in names if not hasattr(model, name)]:
        raise ContractError(
            f"{type(model).__name__} lacks {', '.join(missing)}, which this objective trains through; "
            "add them as models.VAE has them"
        )


def single(model: Any, x: Tensor) -> None:
    """Refuse a batch of tuples, or of anything else than what the model says it takes.

    Raises:
        InputError: with both shapes.
    """
    expected = tuple(getattr(model, "x_shape", x.shape[1:]))
    if tuple(x.shape[1:]) != expected:
        raise InputError(
            f"this objective learns from batches (n, *{expected}), got {tuple(x.shape)}; what learns from "
            "tuples is SlowVAE, PCL and WeakGAN"
        )


def frame_shape(model: Any, x: Tensor, axes: int, whose: str, how: str) -> tuple[int, ...]:
    """Return the shape of one frame of a batch of tuples ``(n, *tuple, *frame_shape)``.

    Args:
        model: its ``x_shape``, if it has one, must be the frames'.
        x: the batch.
        axes: number of axes of a tuple.
        whose: the objective, for the message.
        how: what makes such tuples, for the message.

    Raises:
        InputError: the batch is not one of tuples that the model takes.
    """
    shape = tuple(x.shape[1 + axes :])
    if not shape or shape != tuple(getattr(model, "x_shape", shape)):
        expected = getattr(model, "x_shape", "x_shape")
        raise InputError(
            f"{whose} learns from tuples of observations {expected}, got a batch {tuple(x.shape)}; make them with {how}"
        )
    return shape
