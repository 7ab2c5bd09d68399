"""Folders of MONAI's ``AutoencoderKL``: its arguments as JSON beside weights in safetensors."""

from pathlib import Path
from typing import Any

from torch import nn

from latentassay.adapters._adapter import call, require
from latentassay.adapters._files import build, read_weights
from latentassay.core.errors import FileError
from latentassay.core.storage import read_json

CLASS, CONFIG = "AutoencoderKL", "config.json"
WRITE = "Write the arguments of AutoencoderKL there as a JSON object, with its class as _target_ if you like."


def load_folder(path: str | Path) -> nn.Module:
    """Load an ``AutoencoderKL`` from ``config.json`` and ``model.safetensors``; nothing in them is evaluated.

    The global random state is left as found.

    Raises:
        FileError: the folder, config or weights are missing, damaged, pickled, or not of one another.
        InputError: MONAI is not installed.
    """
    folder = Path(path).expanduser()
    arguments = _arguments(folder / CONFIG)
    weights = read_weights(folder, "load it yourself and give la.from_monai the model")
    make = getattr(require("monai.networks.nets", '"latentassay[monai]"'), CLASS)
    return build(folder, lambda: call(make, **arguments), weights)


def _arguments(file: Path) -> dict[str, Any]:
    config = read_json(file, WRITE)
    target = config.pop("_target_", CLASS)
    if not isinstance(target, str) or target.rpartition(".")[2] != CLASS:
        raise FileError(file, f"is of the class {target!r}", f"Understood is {CLASS}.")
    for name, value in config.items():
        # A bundle's "$…" is Python to evaluate and its "@…" points elsewhere; no argument of this class is a text.
        if not all(isinstance(part, int | float) for part in (value if isinstance(value, list) else [value])):
            raise FileError(file, f"has {name} = {value!r}, expected numbers, true or false", WRITE)
    return config
