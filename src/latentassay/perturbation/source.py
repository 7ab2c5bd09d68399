"""The inputs of a perturbation, checked, and their sha256: the parent's values and codes, and the models' weights."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.errors import ContractError, InputError
from latentassay.core.guard import encode_batch
from latentassay.core.observations import varying_factors
from latentassay.core.posteriors import Point
from latentassay.core.progress import bar
from latentassay.data import FactorData
from latentassay.data.perturbed_manifest import ParentData

BLOCK = 1024
"""Rows that are read, changed and written at a time."""


def check_eps(eps: Any) -> float:
    """Check ε and return it as a float.

    Raises:
        InputError: it is not between 0 and 1.
    """
    if isinstance(eps, bool) or not isinstance(eps, int | float) or not 0 < eps < 1:
        raise InputError(f"eps must lie between 0 and 1, such as 0.1 (dSprites) or 0.175 (3D Shapes), got {eps!r}")
    return float(eps)


def parent_of(data: Any) -> ParentData:
    """Read all of a data set once, and return what a manifest says of it.

    Its sum is the sha256 of shape and type, the values row by row as ``data.raw`` gives them, and the codes as int64.

    Raises:
        InputError: no ``FactorData``, none of its factors varies, or values that are NaN or outside [0, 1].
    """
    if not isinstance(data, FactorData):
        raise InputError(f"data must be a FactorData, got {type(data).__name__}; wrap your arrays in one")
    if not varying_factors(data):
        raise InputError(f"{data.name} has no factor that varies, and the changes follow from factors")
    kind = "uint8" if data.store.dtype == np.uint8 else "float32"
    facts: dict[str, Any] = {"n": len(data), "x_shape": list(data.x_shape), "dtype": kind}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    with bar(len(data), f"summing up {data.name}", unit="row") as line:
        for rows in row_blocks(len(data)):
            digest.update(np.ascontiguousarray(_values(data, rows)).data)
            line.update(len(rows))
    digest.update(np.ascontiguousarray(data.factors).data)
    return ParentData(
        name=data.name,
        factor_names=list(data.factor_names),
        factor_sizes=list(data.factor_sizes),
        sha256=digest.hexdigest(),
        **facts,
    )


def row_blocks(n: int) -> list[np.ndarray]:
    """Cut ``range(n)`` into blocks of ``BLOCK``."""
    return [np.arange(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]


def _values(data: FactorData, rows: np.ndarray) -> np.ndarray:
    if data.store.dtype == np.uint8:
        return data.raw(rows).numpy()
    x: np.ndarray = data.batch(rows).numpy()
    if x.min() < 0 or x.max() > 1:
        raise InputError(
            f"data must lie in [0, 1], where the changes are folded back at the ends, got values from {x.min():g} to "
            f"{x.max():g} in rows {rows[0]} to {rows[-1]} of {data.name}; rescale them, as data.own(value_range=…) does"
        )
    return x


def ensembles_of(entangled: Any, disentangled: Any, x_shape: Sequence[int]) -> tuple[list[str], list[str]]:
    """Check the models of both sides, and return the sha256 of their weights.

    Raises:
        InputError: no model on a side, one that is there twice or on both sides, another x_shape than the data's, or
            latents of several shapes.
        ContractError: something that is no torch autoencoder, or whose codes are points.
    """
    sides = {"entangled": list(entangled), "disentangled": list(disentangled)}
    for name, models in sides.items():
        if not models:
            raise InputError(f"{name} must hold at least one model, got none; the thesis takes four a side")
        for model in models:
            _check_model(model, name, tuple(x_shape))
    shapes = {tuple(model.latent_shape) for models in sides.values() for model in models}
    if len(shapes) > 1:
        raise InputError(
            f"all models must have latents of one shape, got {', '.join(map(str, sorted(shapes)))}; "
            "a side with more latents rebuilds better for that alone"
        )
    sums = {name: [weights_sum(model) for model in models] for name, models in sides.items()}
    both = [*sums["entangled"], *sums["disentangled"]]
    if len(set(both)) < len(both):
        where = "both ensembles" if set(sums["entangled"]) & set(sums["disentangled"]) else "one ensemble"
        raise InputError(
            f"every model may be there once, and two with the same weights are in {where}; "
            "train more seeds, or choose with most_and_least"
        )
    return sums["entangled"], sums["disentangled"]


def weights_sum(model: nn.Module) -> str:
    """Return the sha256 of a module's tensors with their names, types and shapes, whatever device they are on."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        # Names, types and shapes, too: the same bytes in another arrangement are another model.
        digest.update(f"{name} {values.dtype} {tuple(values.shape)} ".encode())
        digest.update(values.view(-1).view(torch.uint8).numpy().tobytes() if values.numel() else b"")
    return digest.hexdigest()


def _check_model(model: Any, side: str, x_shape: tuple[int, ...]) -> None:
    if not isinstance(model, nn.Module) or not isinstance(model, Autoencoder):
        raise ContractError(
            f"models of {side} must be torch modules with encode and decode, got a "
            f"{type(model).__name__}; take those of models.build or Run.model"
        )
    own = tuple(getattr(model, "x_shape", x_shape))
    if own != x_shape:
        raise InputError(
            f"a model of {side} was built for observations {own}, the data have {x_shape}; train it on these data"
        )
    with eval_mode(model) as (device, dtype):
        posterior = encode_batch(model, torch.zeros(2, *x_shape, device=device, dtype=dtype))
    if missing := [name for name in ("decoder_output", "likelihood") if not hasattr(model, name)]:
        raise ContractError(
            f"a model of {side} lacks {', '.join(missing)}, which its decoder is trained through; "
            "add them as models.VAE has them"
        )
    if isinstance(posterior, Point):
        raise ContractError(
            f"a model of {side} has point codes; the noise of the posteriors is what the manipulation "
            "works on, so train a VAE"
        )
