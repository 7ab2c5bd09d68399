"""The manifest of a run folder; read strictly, because it may have been altered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from latentassay.core.records import StrictRecord

Spec = dict[str, Any]
Count = Annotated[int, Field(ge=0)]


class DataFacts(StrictRecord):
    """The data a run was trained on."""

    name: str
    n: Annotated[int, Field(gt=0)]
    x_shape: list[int]


class Settings(StrictRecord):
    """What a resumed run must share with its beginning."""

    batch_size: Annotated[int, Field(gt=0)]
    seed: Count
    precision: Literal["float32", "tf32", "bf16"]
    freeze: list[str] = Field(default_factory=list)


class _File(StrictRecord):
    """A safetensors file, its size and hash, and when in the run it was written."""

    size: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    step: Count
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Snapshot(_File):
    """The weights as they were at a step; one cannot go on from it."""

    file: Annotated[str, Field(pattern=r"^weights-\d{8,}\.safetensors$")]


class Manifest(_File):
    """One checkpoint and what is needed to rebuild and resume the run, and the snapshots on the way to it."""

    format: Literal["latentassay-run-1"] = "latentassay-run-1"
    file: Annotated[str, Field(pattern=r"^checkpoint-\d{8,}\.safetensors$")]
    interrupted: bool
    model: Spec | None
    objective: Spec | None
    data: DataFacts
    settings: Settings
    versions: dict[str, str]
    snapshots: tuple[Snapshot, ...] = ()
