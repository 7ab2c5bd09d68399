"""Folders as ``save_pretrained`` writes them: config.json and safetensors, read from disk alone, never unpickled."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from latentassay.adapters._adapter import require
from latentassay.adapters._files import PICKLE, check_safetensors
from latentassay.core.errors import FileError, first_line
from latentassay.core.networks import check_network
from latentassay.core.storage import check_regular, kind_of, read_json

AGAIN = "Download the folder again."
WEIGHTS = "diffusion_pytorch_model"

VARIANTS = ("", ".fp16", ".bf16")
"""Endings under which weights are stored; full precision first. All are read as float32."""

SMALLEST = 2
"""Bytes of the smallest numbers that weights are stored in."""

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def load_folder(path: str | Path, classes: Sequence[str]) -> nn.Module:
    """Load one of the four autoencoders from a folder that diffusers' ``save_pretrained`` wrote.

    The class is named by ``config.json`` and chosen from ``classes``; weights are read from safetensors as float32,
    nothing is downloaded, and the global random state is left as found.

    Raises:
        FileError: the folder, the config or the weights are missing, damaged, pickled, or not of one another.
        InputError: diffusers is not installed.
    """
    folder = Path(path)
    config = _read_config(folder, classes)
    variant, size = _check_weights(folder)
    kind = getattr(require("diffusers", '"latentassay[diffusers]"'), config["_class_name"])
    try:
        check_network(lambda: kind.from_config(config), size // SMALLEST)
        with torch.random.fork_rng(devices=[]):
            model, report = kind.from_pretrained(
                str(folder),
                local_files_only=True,
                use_safetensors=True,
                low_cpu_mem_usage=False,
                torch_dtype=torch.float32,
                variant=variant,
                output_loading_info=True,
            )
    except Exception as error:
        raise FileError(folder, f"does not load ({first_line(error)})", AGAIN) from error
    _expect_complete(folder, report)
    return model  # type: ignore[no-any-return]


def _read_config(folder: Path, classes: Sequence[str]) -> dict[str, Any]:
    if folder.is_file():
        fix = "Give the folder that holds config.json and the weights, as save_pretrained writes them."
        raise FileError(folder, kind_of(check_regular(folder)) or "is a file, not a folder", fix)
    if not folder.is_dir():
        fix = f"Nothing is downloaded here; fetch it first: hf download {folder} --local-dir my-vae"
        raise FileError(folder, "does not exist", fix)
    if not (folder / "config.json").is_file():
        inner = sorted(part.parent.name for part in folder.glob("*/config.json"))
        fix = f"Give one of its parts: {', '.join(inner)}." if inner else "Is this what save_pretrained wrote?"
        raise FileError(folder, "holds no config.json", fix)
    return _as_config(folder / "config.json", classes)


def _as_config(path: Path, classes: Sequence[str]) -> dict[str, Any]:
    config = read_json(path, AGAIN)
    name = config.get("_class_name")
    if name not in classes:
        fix = f"Understood are {', '.join(classes)}; wrap others with la.from_torch(encode, decode, latent_shape=...)."
        raise FileError(path, f"names the class {name!r}", fix)
    if config.get("quantization_config"):
        raise FileError(path, "asks for quantised weights", "Use the folder with full weights.")
    return config


def _check_weights(folder: Path) -> tuple[str | None, int]:
    """Find the weights, refuse what is no safetensors, and return the variant to load and the bytes of its files."""
    for ending in VARIANTS:
        index, whole = folder / f"{WEIGHTS}.safetensors.index{ending}.json", folder / f"{WEIGHTS}{ending}.safetensors"
        if index.is_file():
            files = _shards(index)
        elif whole.is_file():
            files = [whole]
        else:
            continue
        for file in files:
            check_safetensors(file, "Download it again (with git: git lfs pull).")
        return ending[1:] or None, sum(file.stat().st_size for file in files)
    found = [file.name for file in sorted(folder.iterdir()) if file.suffix in PICKLES]
    if found:
        fix = "Use the safetensors file of the same model, or convert it where you trust its source."
        raise FileError(folder / found[0], PICKLE, fix)
    raise FileError(folder, f"holds no {WEIGHTS}.safetensors", "Download the folder again, weights included.")


def _shards(index: Path) -> list[Path]:
    weight_map = read_json(index, AGAIN).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise FileError(index, "holds no weight_map", AGAIN)
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        # A bare name cannot point outside; a symbolic link may, since the hub's cache is made of them.
        if Path(name).name != name or "\\" in name or not name.endswith(".safetensors"):
            fix = "Its parts must be safetensors files in the same folder. Do not trust this folder."
            raise FileError(index, f"names {name!r} as a part", fix)
        if not (index.parent / name).is_file():
            raise FileError(index, f"names {name!r}, which is missing", AGAIN)
    return [index.parent / name for name in names]


def _expect_complete(folder: Path, report: dict[str, Any]) -> None:
    """Weights that are missing would silently stay random, and those left over say that the config is another's."""
    for kind, word in (("missing_keys", "lacks"), ("unexpected_keys", "has, beyond its config,")):
        keys = sorted(report.get(kind, ()))
        if keys:
            cause = f"{word} {len(keys)} weights, e.g. {keys[0]!r}"
            raise FileError(folder, cause, "config.json and weights must be of the same model; download both again.")
