"""Objectives of training: functions ``(model, x, generator) → Loss(total, parts)`` with options as fields."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from latentassay import models
from latentassay.core.errors import InputError
from latentassay.core.signatures import bind
from latentassay.objectives.avae import AVAE
from latentassay.objectives.consistency import Equivariance, Invariance
from latentassay.objectives.dip import DIPVAE
from latentassay.objectives.factor import FactorVAE
from latentassay.objectives.gates import GatePenalty
from latentassay.objectives.importance import IWAE, Renyi
from latentassay.objectives.pcl import PCL
from latentassay.objectives.ramped import Ramped
from latentassay.objectives.slow import SlowVAE
from latentassay.objectives.tcvae import BetaTCVAE
from latentassay.objectives.vae import AE, VAE, BetaVAE, Loss
from latentassay.objectives.wae import WAE
from latentassay.objectives.weak import WeakGAN

__all__ = [
    "AE",
    "AVAE",
    "DIPVAE",
    "IWAE",
    "NAMES",
    "PCL",
    "VAE",
    "WAE",
    "BetaTCVAE",
    "BetaVAE",
    "Equivariance",
    "FactorVAE",
    "GatePenalty",
    "Invariance",
    "Loss",
    "Ramped",
    "Renyi",
    "SlowVAE",
    "WeakGAN",
    "build",
    "complete",
    "published",
    "spec",
]

_OBJECTIVES: dict[str, Callable[..., Any]] = {
    "ae": AE,
    "wae": WAE,
    "vae": VAE,
    "beta-vae": BetaVAE,
    "beta-tcvae": BetaTCVAE,
    "factor-vae": FactorVAE,
    "dip-vae": DIPVAE,
    "renyi": Renyi,
    "iwae": IWAE,
    "avae": AVAE,
    "slow-vae": SlowVAE,
    "pcl": PCL,
    "weak-gan": WeakGAN,
    "invariance": Invariance,
    "equivariance": Equivariance,
    "ramped": Ramped,
    "gate-penalty": GatePenalty,
}
NAMES = tuple(_OBJECTIVES)
"""Every name that ``build`` knows."""


def build(name: str, **options: Any) -> Any:
    """Build an objective from its name and options; a ``base`` is one itself, or a mapping of its name and options.

    Raises:
        InputError: an unknown name, options it does not take, or values out of range.

    >>> build("beta-vae", beta=4.0)
    BetaVAE(beta=4.0, kl='exact')
    >>> build("ramped", base={"name": "beta-vae", "beta": 4.0}, option="beta").over
    10000
    """
    if name not in _OBJECTIVES:
        raise InputError(f"no objective is called {name!r}; known are {', '.join(NAMES)}")
    if isinstance(base := options.get("base"), Mapping):
        options = {**options, "base": build(**base)}
    bind(_OBJECTIVES[name], name=f"objective {name}", **options)
    return _OBJECTIVES[name](**options)


def spec(objective: Any) -> dict[str, Any] | None:
    """Return what ``build`` makes the objective from as plain JSON, or ``None`` for one of the user's own.

    >>> spec(Ramped(BetaVAE(4.0), option="beta"))
    {'name': 'ramped', 'base': {'name': 'beta-vae', 'beta': 4.0, 'kl': 'exact'}, 'over': 10000, 'option': 'beta'}
    """
    names = {kind: name for name, kind in _OBJECTIVES.items()}  # by exact type: a subclass may compute something else
    if type(objective) not in names:
        return None
    options = {field.name: _plain(getattr(objective, field.name)) for field in fields(objective)}
    if "base" in options:
        options["base"] = spec(options["base"])
        if options["base"] is None:
            return None
    return {"name": names[type(objective)], **options}


def complete(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec with every option: those it leaves out, such as options that came later, at their defaults.

    >>> complete({"name": "beta-vae", "beta": 4.0})
    {'name': 'beta-vae', 'beta': 4.0, 'kl': 'exact'}
    """
    kind = _OBJECTIVES.get(spec.get("name", ""))
    options = {} if kind is None else {each.name: each.default for each in fields(kind)}  # type: ignore[arg-type]
    usual = {name: _plain(value) for name, value in options.items() if value is not MISSING}
    found = {**spec, **{key: usual[key] for key in usual if key not in spec}}
    return {**found, "base": complete(found["base"])} if isinstance(found.get("base"), Mapping) else found


def _plain(value: Any) -> Any:
    """Lists for tuples, as JSON gives them back."""
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def published(model: str, *, beta: float | int | None = None) -> Any:
    """Return the objective that a model of this name is trained with where nobody says otherwise.

    It is what the model's file in ``models`` says: that of the paper it is from. AE for point codes, WAE for ``wae``,
    β-VAE for ``vae`` and ``vlae``, AVAE for ``avae``; names with ``xc`` add invariance (``-i``) or equivariance
    (``-e``) at weight 4 (IC A.2). SA trains its hourglass models with others, too, at the weights that its validation
    loss chose on 3D Shapes (A.2.2): ``BetaVAE(2)``, ``BetaTCVAE(4)`` and ``FactorVAE(40)``, which take a
    ``vae-hourglass``, and ``WAE(10)``, which takes either.

    Args:
        model: a name that ``models.build`` knows.
        beta: weight of the KL instead of the file's, for objectives that have one.

    Raises:
        InputError: an unknown name.

    >>> published("xcvae-i-s").base, published("vlae-12", beta=2.0)
    (BetaVAE(beta=1.0, kl='exact'), BetaVAE(beta=2.0, kl='exact'))
    """
    objective = models.describe(model).objective
    return build(**(objective if beta is None else _with_beta(objective, beta)))


def _with_beta(objective: Mapping[str, Any], beta: float | int) -> dict[str, Any]:
    if "base" in objective:
        return {**objective, "base": _with_beta(objective["base"], beta)}
    return {**objective, "beta": beta} if "beta" in objective else dict(objective)
