"""What a framework saved as a pickle is refused, with the line by which its owner loads it."""

from pathlib import Path
from typing import Any

from latentassay.core.errors import FileError


def expect_model(model: Any, load: str) -> None:
    """Refuse the path of a saved model: it is not opened, since pickles can run code.

    Args:
        model: what was given.
        load: the line that loads such a folder, with ``{}`` for its path.

    Raises:
        FileError: it is a path.
    """
    if not isinstance(model, str | Path):
        return
    path = Path(model)
    if not path.exists():
        raise FileError(path, "does not exist", "Give the model itself, not a path.")
    files = sorted(path.glob("*model.pt")) if path.is_dir() else [path]
    fix = f"Where you trust its source, load it yourself and give the model: {load.format(repr(str(path)))}"
    if not files:
        raise FileError(path, "holds no model.pt, in which such models are saved", fix)
    raise FileError(files[0], "is a Python pickle, which can run code and is never loaded", fix)
