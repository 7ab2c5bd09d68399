"""A fitted transformer of scikit-learn behind the door."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentassay.core.posteriors import Point, Posterior


class SklearnModel:
    """A fitted scikit-learn transformer behind the door; made by ``from_sklearn``.

    Attributes:
        adapter: framework and class.
        space: in which latent space it works, in one clause.
    """

    prior, space = None, "native latents (what transform returns)"

    def __init__(self, estimator: Any, latents: int):
        self._estimator, self.latent_shape = estimator, (latents,)
        # NMF takes only numbers of the type that it was fitted on.
        fitted = getattr(getattr(estimator, "components_", None), "dtype", None)
        self._dtype = np.float32 if fitted == np.float32 else np.float64
        self.adapter = f"scikit-learn {type(estimator).__name__}"

    def encode(self, x: Tensor) -> Posterior:
        """``transform`` of the flattened observations, as points."""
        return Point(self._call(self._estimator.transform, x))

    def decode(self, z: Tensor) -> Tensor:
        """``inverse_transform`` of the latents."""
        return self._call(self._estimator.inverse_transform, z)

    def _call(self, function: Any, values: Tensor) -> Tensor:
        rows = values.detach().cpu().double().numpy().astype(self._dtype)
        with warnings.catch_warnings():
            # Fitted on a DataFrame, it complains of every batch that has no names of columns.
            warnings.filterwarnings("ignore", message=".*does not have valid feature names")
            answer = np.asarray(function(rows))
        return torch.from_numpy(np.ascontiguousarray(answer)).to(values)


class NonNegativeModel(SklearnModel):
    """NMF: defined for latents and observations that are not negative, so both are clamped at 0."""

    def encode(self, x: Tensor) -> Posterior:
        """``transform`` of the observations clamped at 0."""
        return super().encode(x.clamp(min=0))

    def decode(self, z: Tensor) -> Tensor:
        """``inverse_transform`` of the latents clamped at 0."""
        return super().decode(z.clamp(min=0))
