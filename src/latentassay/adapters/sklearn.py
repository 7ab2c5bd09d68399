"""scikit-learn's ``transform`` / ``inverse_transform`` as encoder and decoder."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentassay.adapters._adapter import Adapter, Example, call
from latentassay.adapters._paths import as_path
from latentassay.core.errors import ContractError
from latentassay.core.imports import importing

if TYPE_CHECKING:
    from latentassay.adapters._sklearn_model import SklearnModel


def from_sklearn(estimator: Any) -> "SklearnModel":
    """Bring a fitted transformer (PCA, NMF, FastICA, KernelPCA with inverse, a Pipeline …) behind the door.

    Observations are vectors ``(n, features)``. Codes are points, and there is no prior.

    Args:
        estimator: the estimator, or the path of a file that ``skops.io.dump`` wrote. A file that asks for types which
            skops does not know to be harmless is refused, and so are pickles.

    Raises:
        ContractError: the estimator is not fitted, or cannot go back from latents to observations.
        FileError: the file is missing or damaged, a pickle, or asks for types that are not trusted.
        InputError: skops is not installed.

    >>> from sklearn.decomposition import PCA
    >>> from_sklearn(PCA(2).fit(np.random.default_rng(0).normal(size=(9, 4)))).latent_shape
    (2,)
    """
    with importing():
        from latentassay.adapters._sklearn_files import load_skops
        from latentassay.adapters._sklearn_model import NonNegativeModel, SklearnModel

    estimator = load_skops(estimator, trust=False) if isinstance(estimator, str | Path) else estimator
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
    import numpy as np

    with importing():
        from sklearn.exceptions import NotFittedError
        from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise ContractError(f"{name} is not fitted; call .fit(x) first") from error
    try:
        return len(estimator.get_feature_names_out())
    except AttributeError:  # a step of a pipeline that does not name what it gives, such as a FunctionTransformer
        return int(estimator.transform(np.zeros((1, estimator.n_features_in_))).shape[1])


def _takes(model: Any) -> tuple[Any, ...] | None:
    path = as_path(model)
    return (path,) if path and path.suffix in (".skops", ".pkl", ".pickle", ".joblib") else None


def _open(file: str, *, trust: bool, **options: Any) -> "SklearnModel":
    with importing():
        from latentassay.adapters._sklearn_files import load_skops

    opened: SklearnModel = call(from_sklearn, load_skops(file, trust=trust), **options)
    return opened


def _example() -> Example:
    import torch

    with importing():
        from sklearn.decomposition import PCA

    x = torch.rand(20, 5)
    return Example(PCA(2).fit(x.numpy()), {}, x)


ADAPTER = Adapter(
    name="sklearn",
    packages=("sklearn",),
    takes=_takes,
    wraps=from_sklearn,
    opens=_open,
    form="MODEL.skops",
    holds="a fitted transformer that skops.io.dump wrote",
    example=_example,
)
