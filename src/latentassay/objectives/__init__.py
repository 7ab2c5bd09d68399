"""What training descends: ``(model, x, generator) → Loss(total, parts)``."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from latentassay.errors import InputError
from latentassay.objectives.importance import IWAE, Renyi
from latentassay.objectives.vae import AE, VAE, BetaVAE, Loss

__all__ = ["AE", "IWAE", "NAMES", "VAE", "BetaVAE", "Loss", "Renyi", "build", "spec"]

_OBJECTIVES: dict[str, Callable[..., Any]] = {
    "ae": AE,
    "vae": VAE,
    "beta-vae": BetaVAE,
    "renyi": Renyi,
    "iwae": IWAE,
}
NAMES = tuple(_OBJECTIVES)
"""Every name that ``build`` knows."""


def build(name: str, **options: Any) -> Any:
    """Build an objective from its name and options.

    Raises:
        InputError: an unknown name, options it does not take, or values out of range.

    >>> build("beta-vae", beta=4.0)
    BetaVAE(beta=4.0)
    """
    if name not in _OBJECTIVES:
        raise InputError(f"no objective is called {name!r}; known are {', '.join(NAMES)}")
    try:
        return _OBJECTIVES[name](**options)
    except TypeError as error:
        raise InputError(f"{name} does not take the options {options}: {error}") from error


def spec(objective: Any) -> dict[str, Any] | None:
    """Return what ``build`` makes the objective from as plain JSON, or ``None`` for one of the user's own.

    >>> spec(BetaVAE(4.0))
    {'name': 'beta-vae', 'beta': 4.0}
    """
    names = {kind: name for name, kind in _OBJECTIVES.items()}
    return {"name": names[type(objective)], **asdict(objective)} if type(objective) in names else None
