"""The manifest of a perturbed data set: what its values follow from; read strictly, as it may have been altered."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from latentassay.core.records import StrictRecord, parse_record
from latentassay.core.storage import TEXT_LIMIT, read_whole
from latentassay.data.perturbed_folder import FIX, MANIFEST

Sum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1)]
Kind = Literal["manipulation", "noise"]


class ParentData(StrictRecord):
    """The data set that was perturbed; ``sha256`` is that of its values and codes."""

    name: str
    n: Count
    x_shape: list[int]
    dtype: Literal["uint8", "float32"]
    factor_names: list[str]
    factor_sizes: list[int]
    sha256: Sum


class PerturbationTraining(StrictRecord):
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


class FileSum(StrictRecord):
    """A file of the folder."""

    size: Annotated[int, Field(ge=0)]
    sha256: Sum


class TrainingState(FileSum):
    """Where training stands, and the file that it goes on from."""

    step: Count

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"state-{self.step:08d}.safetensors"


class PerturbationPlan(StrictRecord):
    """Everything that the values of a perturbed data set follow from."""

    format: Literal["latentassay-perturbed-1"] = "latentassay-perturbed-1"
    kind: Kind
    eps: Annotated[float, Field(gt=0, lt=1)]
    seed: Annotated[int, Field(ge=0)]
    parent: ParentData
    training: PerturbationTraining | None
    versions: dict[str, str]


File = Literal["images.npy", "factors.npy", "network.safetensors"]


class PerturbedManifest(StrictRecord):
    """A plan and what there is of it: ``state`` while it is trained, all its files once it is done."""

    plan: PerturbationPlan
    state: TrainingState | None = None
    files: dict[File, FileSum] = Field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether the data set is there."""
        return "images.npy" in self.files


def read_manifest(folder: Path) -> PerturbedManifest:
    """Read and check the manifest of a folder.

    Raises:
        FileError: it is missing, no JSON, or of another form.
    """
    path = folder / MANIFEST
    payload = read_whole(path, "Name a folder that perturb or uniform_noise wrote.", limit=TEXT_LIMIT)
    return parse_record(PerturbedManifest, payload, path, name="manifest of a perturbed data set", fix=FIX)
