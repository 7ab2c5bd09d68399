"""Folders of pythae's models: the config it writes, beside weights in safetensors; its own files are pickles."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from latentassay.adapters._adapter import require
from latentassay.adapters._files import build, read_weights
from latentassay.core.errors import FileError, InputError
from latentassay.core.storage import read_json

CONFIG = "model_config.json"
LOAD = "load it with pythae's AutoModel.load_from_folder and give la.from_pythae the model"


def load_folder(path: Any, classes: Sequence[str]) -> nn.Module:
    """Load a model of pythae's default coders from ``model_config.json`` and ``model.safetensors``.

    The class is named by the config and chosen from ``classes``; the global random state is left as found.

    Raises:
        FileError: the folder, config or weights are missing, damaged, pickled, or not of one another.
        InputError: pythae is not installed, or this is no path.
    """
    if not isinstance(path, str | Path):
        raise InputError(f"expected a model of pythae or the path of a folder, got {type(path).__name__}")
    folder = Path(path).expanduser()
    config, kind = _config(folder, classes)
    weights = read_weights(folder, LOAD)
    models = require("pythae.models", '"latentassay[pythae]"')
    suffix = "_Config" if hasattr(models, f"{kind}_Config") else "Config"
    return build(folder, lambda: getattr(models, kind)(getattr(models, f"{kind}{suffix}")(**config)), weights)


def _config(folder: Path, classes: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the config's values, and the class that it is of."""
    file = folder / CONFIG
    config = read_json(file, "Give a folder that pythae's model.save wrote.")
    kind = str(config.pop("name", None)).removesuffix("Config").removesuffix("_")
    if kind not in classes:
        raise FileError(file, f"is of a {kind}", f"Understood are {', '.join(classes)}.")
    if not (config.get("uses_default_encoder", True) and config.get("uses_default_decoder", True)):
        fix = "Build the model with its own coders, load its weights, and give it to la.from_pythae."
        raise FileError(file, "names coders that are not pythae's own, and kept as pickles", fix)
    return config, kind
