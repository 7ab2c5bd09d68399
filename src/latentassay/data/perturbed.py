"""Data sets whose every value was moved by ε at most: what a folder of one says of itself, and how it is read."""

from pathlib import Path
from typing import Annotated, Any, Literal, final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from latentassay.core.errors import FileError
from latentassay.core.storage import kind_of
from latentassay.data.catalog import PERTURBED as MANIFEST
from latentassay.data.factors import FactorData
from latentassay.data.files import verify
from latentassay.data.formats import read_npy

MEND = "Restore the folder from a copy, or delete it and make the data set again."

Sum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1)]
Kind = Literal["manipulation", "noise"]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Parent(_Strict):
    """The data set that was perturbed; ``sha256`` is that of its values and codes."""

    name: str
    n: Count
    x_shape: list[int]
    dtype: Literal["uint8", "float32"]
    factor_names: list[str]
    factor_sizes: list[int]
    sha256: Sum


class Training(_Strict):
    """How the manipulation network was trained, and against which models, by the sha256 of their weights."""

    steps: Count
    batch_size: Count
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    decoder_steps: Count
    samples: Count
    loss: Literal["likelihood", "squared"]
    network: str
    device: str
    threads: Count
    entangled: list[Sum]
    disentangled: list[Sum]


class Written(_Strict):
    """A file of the folder."""

    size: Annotated[int, Field(ge=0)]
    sha256: Sum


class State(Written):
    """Where training stands, and the file that it goes on from."""

    step: Count

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"state-{self.step:08d}.safetensors"


class Plan(_Strict):
    """Everything that the values of a perturbed data set follow from."""

    format: Literal["latentassay-perturbed-1"] = "latentassay-perturbed-1"
    kind: Kind
    eps: Annotated[float, Field(gt=0, lt=1)]
    seed: Annotated[int, Field(ge=0)]
    parent: Parent
    training: Training | None
    versions: dict[str, str]


File = Literal["images.npy", "factors.npy", "network.safetensors"]


class Manifest(_Strict):
    """A plan and what there is of it: ``state`` while it is trained, all its files once it is done."""

    plan: Plan
    state: State | None = None
    files: dict[File, Written] = {}

    @property
    def is_done(self) -> bool:
        """Whether the data set is there."""
        return "images.npy" in self.files


@final
class PerturbedStore:
    """Rows of a perturbed data set, mapped from its file; the store behind ``perturbed``.

    Attributes:
        shape: ``(n, *x_shape)``.
        dtype: uint8, or float32 where the parent is no uint8.
        manifest: where the values come from: ε, seed, the parent's and the models' sums, and the settings.
        path: the folder.
        notes: the same in a few words.
    """

    def __init__(self, images: np.ndarray, manifest: Manifest, path: Path):
        self._images, self.manifest, self.path = images, manifest, path
        self.shape, self.dtype = tuple(images.shape), images.dtype
        plan = manifest.plan
        what = "by uniform noise" if plan.training is None else "by a trained manipulation"
        self.notes = (f"{plan.parent.name} with every value moved {what}, by {plan.eps:g} at most, seed {plan.seed}",)

    def __getitem__(self, rows: Any) -> Any:
        return self._images[rows]


def perturbed(path: str | Path) -> FactorData:
    """Load a perturbed data set from its folder; values, codes and names are checked against its manifest.

    Values are in [0, 1] and at most ε from the parent's; codes, their names and the order of rows are the parent's.
    ``data.store.manifest`` says where they come from.

    Args:
        path: the folder that ``perturb`` or ``uniform_noise`` wrote.

    Raises:
        FileError: no folder of a perturbed data set, one that is not finished, or a file that is missing, truncated,
            altered or of another kind.
    """
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
        verify(folder / name, size=written.size, sha256=written.sha256, fix=MEND)
    images, factors, parent = read_npy(folder / "images.npy"), read_npy(folder / "factors.npy"), manifest.plan.parent
    shape = (parent.n, *parent.x_shape)
    if images.shape != shape or str(images.dtype) != parent.dtype or len(factors) != parent.n:
        raise FileError(folder, f"holds {images.dtype} {images.shape}, and its manifest says {shape}", MEND)
    word = "noise" if manifest.plan.training is None else "perturbed"
    return FactorData(
        PerturbedStore(images, manifest, folder),
        np.array(factors),
        parent.factor_names,
        parent.factor_sizes,
        layout="vector" if len(shape) == 2 else "chw",
        name=f"{parent.name}, {word}",
    )


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of a folder.

    Raises:
        FileError: it is missing, no JSON, or of another form.
    """
    path = folder / MANIFEST
    try:
        payload = path.read_bytes()
    except OSError as error:
        cause = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise FileError(path, cause, "Name a folder that perturb or uniform_noise wrote.") from error
    try:
        return Manifest.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        cause = kind_of(payload[:512]) or f"is no manifest of a perturbed data set ({where}: {first['msg']})"
        raise FileError(path, cause, MEND) from error
