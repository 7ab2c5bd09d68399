"""Folders of pythae's models: the config it writes, beside weights in safetensors; its own files are pickles."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from latentassay.core.errors import FileError, InputError
from latentassay.core.storage import kind_of

CODES = ("AE", "RAE_GP", "RAE_L2", "WAE_MMD", "VQVAE")
"""Classes whose encoder gives a code."""

GAUSSIANS = (
    "VAE",
    "BetaVAE",
    "BetaTCVAE",
    "DisentangledBetaVAE",
    "FactorVAE",
    "INFOVAE_MMD",
    "IWAE",
    "MIWAE",
    "CIWAE",
    "PIWAE",
    "MSSSIM_VAE",
    "Adversarial_AE",
    "VAEGAN",
    "HVAE",
    "RHVAE",
)
"""Classes whose encoder gives a Gaussian, with N(0, I) for a prior."""

MIXED = ("VAMP", "VAE_IAF", "VAE_LinNF")
"""A Gaussian, with a prior that is learned, or that holds behind a flow."""

WEIGHTS, CONFIG = "model.safetensors", "model_config.json"


def load_folder(path: Any) -> nn.Module:
    """Load a model of pythae's default coders from ``model_config.json`` and ``model.safetensors``.

    The class is named by the config and chosen from those above; the global random state is left as found.

    Raises:
        FileError: the folder, config or weights are missing, damaged, pickled, or not of one another.
        InputError: pythae is not installed, or this is no path.
    """
    if not isinstance(path, str | Path):
        raise InputError(f"expected a model of pythae or the path of a folder, got {type(path).__name__}")
    folder = Path(path).expanduser()
    config, kind = _config(folder)
    weights = _weights(folder)
    module = _pythae()
    try:
        with torch.random.fork_rng(devices=[]):
            suffix = "_Config" if hasattr(module, f"{kind}_Config") else "Config"
            model: nn.Module = getattr(module, kind)(getattr(module, f"{kind}{suffix}")(**config))
            model.load_state_dict(weights)
    except Exception as error:  # pydantic's, pythae's and torch's errors for what does not fit
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        fix = "Config and weights must be of the same model; save both again."
        raise FileError(folder, f"does not load ({reason})", fix) from error
    return model.eval()


def _pythae() -> Any:
    try:
        from pythae import models
    except ImportError as error:
        raise InputError('pythae is not installed; pip install "latentassay[pythae]"') from error
    return models


def _config(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the config's values, and the class that it is of."""
    file = folder / CONFIG
    try:
        config = json.loads(file.read_text("utf-8"))
        kind = config.pop("name").removesuffix("Config").removesuffix("_")
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise FileError(file, f"cannot be read ({error})", "Give a folder that pythae's model.save wrote.") from error
    if kind not in CODES + GAUSSIANS + MIXED:
        raise FileError(file, f"is of a {kind}", f"Understood are {', '.join(CODES + GAUSSIANS + MIXED)}.")
    if not (config.get("uses_default_encoder", True) and config.get("uses_default_decoder", True)):
        fix = "Build the model with its own coders, load its weights, and give it to la.from_pythae."
        raise FileError(file, "names coders that are not pythae's own, and kept as pickles", fix)
    return config, kind


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    file = folder / WEIGHTS
    if not file.is_file():
        if (folder / "model.pt").is_file():
            fix = (
                "Where you trust its source, load it with pythae's AutoModel.load_from_folder and give la.from_pythae "
                "the model; for next time, safetensors.torch.save_model(model, 'model.safetensors') into that folder."
            )
            raise FileError(folder / "model.pt", "is a Python pickle, which can run code and is never loaded", fix)
        raise FileError(file, "is missing", "Save the weights with safetensors.torch.save_model.")
    with file.open("rb") as stream:
        cause = kind_of(stream.read(512))
    try:
        if cause is None:
            return load_file(file)
    except SafetensorError as error:
        raise FileError(file, f"is no whole safetensors file ({error})", "Save it again.") from error
    raise FileError(file, cause, "Save it with safetensors.torch.save_model.")
