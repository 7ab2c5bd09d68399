"""Foreign models as guests: each adapter gives a model the four attributes of ``latentassay.Autoencoder``."""

from latentassay.adapters.sklearn import SklearnModel, from_sklearn
from latentassay.adapters.torch_pair import TorchPair, from_torch

__all__ = ["SklearnModel", "TorchPair", "from_sklearn", "from_torch"]
