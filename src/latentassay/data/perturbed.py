"""Data sets whose every value was moved by ε at most, read from the folders that ``perturb`` wrote."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from latentassay.core.errors import FileError
from latentassay.data.factors import FactorData
from latentassay.data.files import verify
from latentassay.data.formats import read_npy
from latentassay.data.perturbed_folder import FIX

if TYPE_CHECKING:
    from latentassay.data.perturbed_manifest import PerturbedManifest


@final
class PerturbedStore:
    """Rows of a perturbed data set, mapped from its file; the store behind ``load_perturbed``.

    Attributes:
        shape: ``(n, *x_shape)``.
        dtype: uint8, or float32 where the parent is no uint8.
        manifest: where the values come from: ε, seed, the parent's and the models' sums, and the settings.
        path: the folder.
        notes: the same in a few words.
    """

    def __init__(self, images: np.ndarray, manifest: "PerturbedManifest", path: Path):
        self._images, self.manifest, self.path = images, manifest, path
        self.shape, self.dtype = tuple(images.shape), images.dtype
        plan = manifest.plan
        what = "by uniform noise" if plan.training is None else "by a trained manipulation"
        self.notes = (f"{plan.parent.name} with every value moved {what}, by {plan.eps:g} at most, seed {plan.seed}",)

    def __getitem__(self, rows: Any) -> Any:
        return self._images[rows]


def load_perturbed(path: str | Path) -> FactorData:
    """Load a perturbed data set from its folder; values, codes and names are checked against its manifest.

    Values are in [0, 1] and at most ε from the parent's; codes, their names and the order of rows are the parent's.
    ``data.store.manifest`` says where they come from.

    Args:
        path: the folder that ``perturb`` or ``uniform_noise`` wrote.

    Raises:
        FileError: no folder of a perturbed data set, one that is not finished, or a file that is missing, truncated,
            altered or of another kind.
    """
    from latentassay.data.perturbed_manifest import read_manifest  # brings pydantic, which nothing else here needs

    folder = Path(path)
    manifest = read_manifest(folder)
    if not manifest.is_done:
        step = f"after step {manifest.state.step}" if manifest.state else "before its first checkpoint"
        raise FileError(
            folder,
            f"the data set is not finished: it was stopped {step}",
            "Call perturb again with the same arguments; it goes on from there.",
        )
    for name, written in manifest.files.items():
        verify(folder / name, size=written.size, sha256=written.sha256, fix=FIX)
    images, factors, parent = read_npy(folder / "images.npy"), read_npy(folder / "factors.npy"), manifest.plan.parent
    shape = (parent.n, *parent.x_shape)
    if images.shape != shape or str(images.dtype) != parent.dtype or len(factors) != parent.n:
        raise FileError(folder, f"holds {images.dtype} {images.shape}, and its manifest says {shape}", FIX)
    word = "noise" if manifest.plan.training is None else "perturbed"
    return FactorData(
        PerturbedStore(images, manifest, folder),
        np.array(factors),
        parent.factor_names,
        parent.factor_sizes,
        layout="vector" if len(shape) == 2 else "chw" if len(shape) > 3 else "as is",
        name=f"{parent.name}, {word}",
    )
