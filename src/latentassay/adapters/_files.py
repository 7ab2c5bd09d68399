"""Files of foreign models: configs are JSON, weights are safetensors, and what is a pickle is refused."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from latentassay.core.errors import FileError, first_line
from latentassay.core.networks import check_network
from latentassay.core.storage import check_regular, kind_of

PICKLE = "is a Python pickle, which can run code and is never loaded"
WEIGHTS = "model.safetensors"
"""Where weights lie whose framework has no file of its own for them but pickles."""


def check_safetensors(path: Path, fix: str) -> None:
    """Refuse a file that is no whole safetensors file, and say what it is instead.

    Raises:
        FileError: a pickle, a web page, a pointer of git-lfs, or damaged; ``fix`` says what to do.
    """
    start = check_regular(path, fix)
    pointer = "is a pointer of git-lfs, not the weights" if start.startswith(b"version https://git-lfs") else None
    if cause := kind_of(start) or pointer:
        raise FileError(path, cause, fix)
    try:
        with safe_open(path, framework="pt"):
            pass
    except SafetensorError as error:
        raise FileError(path, f"is no whole safetensors file ({first_line(error)})", fix) from error


def read_weights(folder: Path, load: str) -> dict[str, Tensor]:
    """Read ``model.safetensors``; where the framework's own pickle lies instead, say how to come to it.

    Args:
        folder: where it lies.
        load: what who trusts a pickle does, e.g. ``"load it with … and give la.from_pythae the model"``.

    Raises:
        FileError: missing, damaged, or a pickle.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        pickles = [file for file in sorted(folder.glob("*")) if file.suffix in (".pt", ".pth", ".ckpt")]
        if pickles:
            fix = (
                f"Where you trust its source, {load}; "
                f"for next time, safetensors.torch.save_model(model, {WEIGHTS!r}) into that folder."
            )
            raise FileError(pickles[0], PICKLE, fix)
        raise FileError(path, "is missing", "Save the weights with safetensors.torch.save_model.")
    check_safetensors(path, "Save it with safetensors.torch.save_model.")
    return load_file(path)


def build(folder: Path, make: Callable[[], nn.Module], weights: dict[str, Tensor]) -> nn.Module:
    """Build a network from a config and fill in its weights; the global random state is left as found.

    Raises:
        FileError: config and weights are not of one another.
    """
    try:
        check_network(make, sum(map(Tensor.numel, weights.values())))
        with torch.random.fork_rng(devices=[]):
            model = make()
            model.load_state_dict(weights)
    except Exception as error:  # pydantic's, the framework's and torch's errors for what does not fit
        fix = "Config and weights must be of the same model; save both again."
        raise FileError(folder, f"does not load ({first_line(error)})", fix) from error
    return model.eval()
