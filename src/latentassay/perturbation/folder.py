"""The folder of a perturbed data set: manifest, state of training, and finished files, each written whole."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from latentassay.core.errors import FileError, InputError
from latentassay.core.locks import LOCK
from latentassay.core.storage import read_whole, remove_parts, replacing, write_whole
from latentassay.data.files import digest, verify
from latentassay.data.formats import write_npy
from latentassay.data.perturbed_folder import FIX, MANIFEST
from latentassay.data.perturbed_manifest import (
    File,
    FileSum,
    PerturbationPlan,
    PerturbedManifest,
    TrainingState,
    read_manifest,
)
from latentassay.training.checkpoint import pack_tensors


def begin(folder: Path, plan: PerturbationPlan) -> PerturbedManifest:
    """Return the manifest of a folder that holds this plan, written first if the folder is empty.

    Raises:
        InputError: it holds another perturbation, or files of something else.
        FileError: its manifest is damaged, or it cannot be written.
    """
    if (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
        _refuse_other(folder, manifest.plan, plan)
        return manifest
    # What a killed process left half written is ours, and is written again.
    others = (
        [path.name for path in folder.iterdir() if not path.name.endswith((".part", LOCK))] if folder.is_dir() else []
    )
    if others or folder.is_file():
        what = f"holds other files ({', '.join(sorted(others)[:3])})" if others else "is a file"
        raise InputError(f"{folder} {what}; choose an empty folder as out=")
    return _write_manifest(folder, PerturbedManifest(plan=plan))


def keep_state(folder: Path, manifest: PerturbedManifest, tensors: dict[str, Tensor], step: int) -> PerturbedManifest:
    """Write where training stands and remove what it stood at before; killed at any moment, one of them is whole."""
    payload = pack_tensors(tensors)
    state = TrainingState(step=step, **_size_and_sum(payload))
    # The state, then the manifest that names it, then the one before it goes.
    write_whole(folder / state.file, payload)
    manifest = _write_manifest(folder, manifest.model_copy(update={"state": state}))
    _remove(folder, but=state.file)
    return manifest


def read_state(folder: Path, manifest: PerturbedManifest) -> dict[str, Tensor]:
    """Read what ``keep_state`` wrote last.

    Raises:
        FileError: the file is missing, truncated, altered, or of another kind.
    """
    state = manifest.state
    if state is None:
        raise FileError(folder, "there is no state to go on from", FIX)
    return _tensors(folder / state.file, state)


def read_network(folder: Path, manifest: PerturbedManifest) -> dict[str, Tensor]:
    """Read the weights of a finished manipulation network, and the losses of its training.

    Raises:
        FileError: the file is missing, truncated, altered, or of another kind.
    """
    return _tensors(folder / "network.safetensors", manifest.files["network.safetensors"])


def finish(
    folder: Path,
    manifest: PerturbedManifest,
    factors: np.ndarray,
    blocks: Iterable[np.ndarray],
    network: dict[str, Tensor] | None,
) -> PerturbedManifest:
    """Write values block by block, codes and network, and last a manifest that says so; then what training needed goes.

    Raises:
        FileError: something cannot be written; the next call begins this again.
    """
    parent, files = manifest.plan.parent, dict[File, FileSum]()
    if network is not None:
        write_whole(folder / "network.safetensors", pack_tensors(network))
        files["network.safetensors"] = _sum_of(folder / "network.safetensors")
    _write_npy(folder / "factors.npy", factors.shape, factors.dtype, [factors])
    _write_npy(folder / "images.npy", (parent.n, *parent.x_shape), np.dtype(parent.dtype), blocks)
    files["factors.npy"] = _sum_of(folder / "factors.npy")
    files["images.npy"] = _sum_of(folder / "images.npy")
    manifest = _write_manifest(folder, PerturbedManifest(plan=manifest.plan, files=files))
    _remove(folder)
    return manifest


def _write_npy(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], blocks: Iterable[np.ndarray]) -> None:
    with replacing(path) as part:
        write_npy(part, shape, dtype, blocks, label=f"writing {path.name}")


def _write_manifest(folder: Path, manifest: PerturbedManifest) -> PerturbedManifest:
    write_whole(folder / MANIFEST, manifest.model_dump_json(indent=1).encode())
    return manifest


def _remove(folder: Path, but: str = "") -> None:
    remove_parts(folder, unowned=True)
    for old in folder.glob("state-*.safetensors"):
        if old.name != but:
            old.unlink(missing_ok=True)


def _size_and_sum(payload: bytes) -> dict[str, Any]:
    return {"size": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}


def _sum_of(path: Path) -> FileSum:
    return FileSum(size=path.stat().st_size, sha256=digest(path))


def _tensors(path: Path, written: FileSum) -> dict[str, Tensor]:
    verify(path, size=written.size, sha256=written.sha256, fix=FIX)
    try:
        return load(read_whole(path, FIX))
    except SafetensorError as error:
        raise FileError(path, f"is no safetensors file ({error})", FIX) from error


def _refuse_other(folder: Path, found: PerturbationPlan, wanted: PerturbationPlan) -> None:
    """Refuse a folder of another plan, and name what differs."""
    pairs = [(found, wanted), (found.parent, wanted.parent)]
    if found.training is not None and wanted.training is not None:
        pairs.append((found.training, wanted.training))
    differences = [
        f"{name} {_short(getattr(old, name))}, now {_short(getattr(new, name))}"
        for old, new in pairs
        for name in type(old).model_fields
        if name not in ("parent", "training") and getattr(old, name) != getattr(new, name)
    ]
    if differences or (found.training is None) != (wanted.training is None):
        raise InputError(f"{folder} holds another perturbation ({'; '.join(differences)}); choose another out=")


def _short(value: Any) -> str:
    """Sums by their first digits, all else in full."""
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    text = str(value)
    return f"{text[:8]}…" if len(text) == 64 else text
