"""Folders that scvi-tools saved: their ``model.pt`` is a pickle, opened only where it is trusted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentassay.adapters._adapter import require
from latentassay.adapters._files import PICKLE
from latentassay.core.errors import FileError, first_line

DATA = "adata.h5ad"


def refuse(path: Path) -> None:
    """Say how to load what lies at a path, which is not opened here.

    Raises:
        FileError: always.
    """
    load = (
        f"Where you trust its source, say --trust on the command line, or load it yourself and give the model: "
        f"scvi.model.SCVI.load({str(path)!r}, adata=adata)"
    )
    raise FileError(_pickle_in(path, load), PICKLE.replace("never loaded", "never loaded unless trusted"), load)


def load_folder(folder: Path, classes: Sequence[str], adata: Any = None) -> Any:
    """Load an ``SCVI`` or ``LinearSCVI`` of a folder that is trusted: its pickle may run code.

    Args:
        folder: where ``model.save`` wrote.
        adata: path of the cells, where they were not saved with the model.

    Raises:
        FileError: files are missing or damaged, or of another class.
        InputError: scvi-tools is not installed.
    """
    file = _pickle_in(folder, "Give the folder that model.save(folder, save_anndata=True) wrote.")
    cells = folder / DATA if adata is None else Path(adata).expanduser()
    if not cells.is_file():
        fix = "Save the model with save_anndata=True, or say --model-option adata=cells.h5ad."
        raise FileError(cells, "is missing; a model of scvi-tools is asked beside its cells", fix)
    models = require("scvi.model", '"latentassay[scvi]"')
    data = require("anndata", '"latentassay[scvi]"').read_h5ad(cells)
    try:
        kind = models.base.BaseModelClass.load_registry(str(folder))["model_name"]
        if kind in classes:
            return getattr(models, kind).load(str(folder), adata=data, accelerator="cpu")
    except Exception as error:  # scvi-tools' and torch's errors for files that are damaged or of one another
        raise FileError(file, f"does not load ({first_line(error)})", "Save the model again.") from error
    raise FileError(file, f"is of the class {kind!r}", f"Understood are {', '.join(classes)}.")


def _pickle_in(path: Path, load: str) -> Path:
    """Return the ``model.pt`` in a folder, or the file itself."""
    if not path.exists():
        raise FileError(path, "does not exist", "Give the model itself, or the folder it was saved in.")
    files = sorted(path.glob("*model.pt")) if path.is_dir() else [path]
    if not files:
        raise FileError(path, "holds no model.pt, in which such models are saved", load)
    return files[0]
