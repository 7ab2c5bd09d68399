"""Valid calls of functions that train for a moment, wrap an estimator, or take records of this package."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

import latentassay as la
from latentassay.core.randomness import seeded

BRIEFLY = {"steps": 2, "batch_size": 8, "device": "cpu", "progress": False}


def _pictures(*shape: int) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(0))


def _factored() -> Any:
    factors = np.indices((4, 4, 4)).reshape(3, -1).T.copy()
    return la.data.FactorData(_pictures(64, 6).numpy(), factors)


def _model(seed: int = 0) -> Any:
    with seeded(seed):
        return la.models.build("vae-mlp", x_shape=(6,), latents=4, hidden=(8,))


def _panel(name: str) -> Any:
    codes = _pictures(64, 4)
    return la.score(codes, _factored().factors, metrics=(name,))


def _estimator() -> Any:
    from sklearn.decomposition import PCA

    return PCA(2).fit(_pictures(64, 6).numpy())


def _sections() -> Any:
    model = _model()
    return la.assay(model, _pictures(64, 6), samples=64, questions=("units",), budget=1000.0)


MORE: dict[str, Callable[[], dict[str, Any]]] = {
    "evaluation.pictures.check_range": lambda: {"x": _pictures(4, 1, 8, 8), "bounded": True},
    "from_sklearn": lambda: {"estimator": _estimator()},
    "metrics.join_panels": lambda: {"panels": [_panel("mig"), _panel("sap")]},
    "perturbation.most_and_least": lambda: {
        "models": [_model(seed) for seed in range(3)],
        "data": _factored(),
        "count": 1,
        "rows": 64,
    },
    "report.figures": lambda: {"sections": _sections().sections},
    "report.render": lambda: {"sections": _sections().sections, "meta": None, "title": "A title"},
    "sampling.beside": lambda: {"generator": Generator().manual_seed(0), "device": torch.device("cpu")},
    "training.train_classifier": lambda: {
        "data": la.data.FactorData(_pictures(64, 1, 8, 8).numpy(), np.arange(64)[:, None] % 4),
        "steps": 2,
        "batch_size": 8,
        "device": "cpu",
    },
}
"""Public name of a function → what makes valid arguments of it, by keyword."""
