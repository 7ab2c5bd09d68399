"""Checkpoints and snapshots: safetensors files and a manifest with their sha256, complete or not there at all.

The tensors are written first and the manifest last, each to a temporary file that is flushed to disk and renamed, so a
run that is killed at any moment leaves the checkpoint before it in order. Nothing is ever unpickled.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from latentassay.core.errors import CheckpointError, FileError
from latentassay.core.storage import TEXT_LIMIT, kind_of, read_whole, remove_parts, write_whole

if TYPE_CHECKING:
    from latentassay.training.manifest import Manifest, Snapshot

MANIFEST = "manifest.json"
"""By this file a folder is known as that of a run."""

FIX = "Restore the folder from a copy, or train again with another out="
"""What to do about a damaged run."""


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], *, step: int, **facts: Any) -> None:
    """Write a checkpoint of ``step`` into ``folder`` and remove the ones before it.

    Args:
        folder: an existing folder.
        tensors: everything needed to go on.
        step: number of steps done.
        facts: the other fields of ``Manifest``, by name.

    Raises:
        CheckpointError: the folder cannot be written; what it held is unharmed.
    """
    from latentassay.training.manifest import Manifest

    with _refuse_unwritable(folder):
        # Tensors, then the manifest that names them, then the old files go: whenever a run is killed, the manifest
        # names a file that is whole.
        written = _write_tensors(folder, f"checkpoint-{step:08d}.safetensors", tensors)
        manifest = Manifest(step=step, **written, **facts)
        write_whole(folder / MANIFEST, manifest.model_dump_json(indent=1).encode())
        remove_parts(folder, unowned=True)
        for old in {*folder.glob("checkpoint-*")} - {folder / manifest.file}:
            old.unlink(missing_ok=True)


def write_snapshot(folder: Path, weights: dict[str, Tensor], *, step: int, seconds: float) -> "Snapshot":
    """Write the weights of ``step`` beside the checkpoint, and return what the next manifest says of them.

    Raises:
        CheckpointError: the folder cannot be written; what it held is unharmed.
    """
    from latentassay.training.manifest import Snapshot

    with _refuse_unwritable(folder):
        written = _write_tensors(folder, f"weights-{step:08d}.safetensors", weights)
    return Snapshot(step=step, seconds=seconds, **written)


def _write_tensors(folder: Path, file: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    payload = pack_tensors(tensors)
    write_whole(folder / file, payload)
    return {"file": file, "size": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}


def pack_tensors(tensors: dict[str, Tensor]) -> bytes:
    """Return the contents of a safetensors file."""
    # Clones, because safetensors refuses tensors that share memory or are not contiguous.
    payload: bytes = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})
    return payload


@contextmanager
def _refuse_unwritable(folder: Path) -> Iterator[None]:
    """Turn whatever the file system refuses into one error that says what to do."""
    try:
        yield
    except (OSError, FileError) as error:
        cause = error.cause if isinstance(error, FileError) else f"cannot be written ({error})"
        raise CheckpointError(folder, cause, "Choose another out=, or free some space.") from error


def read_manifest(folder: Path) -> "Manifest":
    """Read and check the manifest of a run folder.

    Raises:
        CheckpointError: it is missing, no JSON, or of another form.
    """
    from latentassay.core.records import parse_record
    from latentassay.training.manifest import Manifest

    fix = "A run folder holds manifest.json and a checkpoint; is this the folder given as out=?"
    path = folder / MANIFEST
    payload = read_whole(path, fix, CheckpointError, limit=TEXT_LIMIT)
    return parse_record(Manifest, payload, path, name="manifest of a run", fix=FIX, error=CheckpointError)


def read_tensors(folder: Path, manifest: "Manifest | Snapshot") -> dict[str, Tensor]:
    """Read the tensors that a manifest, or a snapshot in it, names.

    Raises:
        CheckpointError: the file is missing, truncated, altered, or no safetensors file.
    """
    path = folder / manifest.file
    payload = read_whole(path, FIX, CheckpointError)
    if hashlib.sha256(payload).hexdigest() != manifest.sha256:
        shorter = f"is truncated ({len(payload)} of {manifest.size} bytes)" if len(payload) < manifest.size else ""
        raise CheckpointError(
            path, kind_of(payload[:512]) or shorter or "was altered: its sha256 is not the manifest's", FIX
        )
    try:
        return load(payload)
    except SafetensorError as error:
        raise CheckpointError(path, kind_of(payload[:512]) or f"is no safetensors file ({error})", FIX) from error
