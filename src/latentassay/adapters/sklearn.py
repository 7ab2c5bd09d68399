"""scikit-learn's ``transform`` / ``inverse_transform`` as encoder and decoder."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentassay.core.errors import ContractError
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
        self.adapter = f"scikit-learn {type(estimator).__name__}"

    def encode(self, x: Tensor) -> Posterior:
        """``transform`` of the flattened observations, as points."""
        return Point(_call(self._estimator.transform, x))

    def decode(self, z: Tensor) -> Tensor:
        """``inverse_transform`` of the latents."""
        return _call(self._estimator.inverse_transform, z)


class NonNegativeModel(SklearnModel):
    """NMF: defined for latents and observations that are not negative, so both are clamped at 0."""

    def encode(self, x: Tensor) -> Posterior:
        """``transform`` of the observations clamped at 0."""
        return super().encode(x.clamp(min=0))

    def decode(self, z: Tensor) -> Tensor:
        """``inverse_transform`` of the latents clamped at 0."""
        return super().decode(z.clamp(min=0))


def from_sklearn(estimator: Any) -> SklearnModel:
    """Bring a fitted transformer (PCA, NMF, FastICA, KernelPCA with inverse, a Pipeline …) behind the door.

    Observations are vectors ``(n, features)``. Codes are points, and there is no prior.

    Raises:
        ContractError: the estimator is not fitted, or cannot go back from latents to observations.

    >>> from sklearn.decomposition import PCA
    >>> from_sklearn(PCA(2).fit(np.random.default_rng(0).normal(size=(9, 4)))).latent_shape
    (2,)
    """
    name = type(estimator).__name__
    if getattr(estimator, "fit_inverse_transform", True) is False:
        raise ContractError(
            f"{name} was fitted without its inverse; make it with fit_inverse_transform=True and fit again"
        )
    if not (hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform")):
        raise ContractError(f"{name} needs both transform and inverse_transform; it cannot decode")
    latents = _latents(estimator, name)
    kind = NonNegativeModel if hasattr(estimator, "beta_loss") else SklearnModel
    return kind(estimator, latents)


def _latents(estimator: Any, name: str) -> int:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise ContractError(f"{name} is not fitted; call .fit(x) first") from error
    return len(estimator.get_feature_names_out())


def _call(function: Any, values: Tensor) -> Tensor:
    answer = np.asarray(function(values.detach().cpu().double().numpy()))
    return torch.from_numpy(np.ascontiguousarray(answer)).to(values)
