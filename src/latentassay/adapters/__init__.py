"""Foreign models as guests: each adapter gives a model the four attributes of ``latentassay.Autoencoder``."""

from latentassay.adapters.diffusers import DiffusersModel, from_diffusers
from latentassay.adapters.monai import MonaiModel, from_monai
from latentassay.adapters.onnx import OnnxModel, from_onnx
from latentassay.adapters.pythae import PythaeModel, from_pythae
from latentassay.adapters.scvi import ScviModel, from_scvi
from latentassay.adapters.sklearn import SklearnModel, from_sklearn
from latentassay.adapters.torch_pair import TorchPair, from_torch
from latentassay.adapters.wrap import wrap

__all__ = [
    "DiffusersModel",
    "MonaiModel",
    "OnnxModel",
    "PythaeModel",
    "ScviModel",
    "SklearnModel",
    "TorchPair",
    "from_diffusers",
    "from_monai",
    "from_onnx",
    "from_pythae",
    "from_scvi",
    "from_sklearn",
    "from_torch",
    "wrap",
]
