"""SmallNORB: toys seen from all sides in six lights, in their official files."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from latentassay.core.errors import FileError
from latentassay.core.progress import bar
from latentassay.data.checked import open_checked
from latentassay.data.codes import expect_codes, expect_images, factor_data
from latentassay.data.factors import FactorData, Store
from latentassay.data.files import Official, home, locate, make_once, verify
from latentassay.data.formats import norb_blocks, read_norb, writable_npy

FACTORS = {"category": 5, "instance": 10, "elevation": 9, "azimuth": 18, "lighting": 6}
"""Number of values of every factor over both splits, in the order of the grid."""


def _norb(split: str, **md5: str) -> dict[str, Official]:
    names = {part: f"smallnorb-5x{split}-{part}.mat.gz" for part in md5}
    page = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/"
    return {part: Official(name, page + name, md5=md5[part]) for part, name in names.items()}


FILES = {
    "train": _norb(
        "46789x9x18x6x2x96x96-training",
        dat="66054832f9accfe74a0f4c36a75bc0a2",
        cat="23c8b86101fbf0904a000b43d3ed2fd9",
        info="51dee1210a742582ff607dfd94e332e3",
    ),
    "test": _norb(
        "01235x9x18x6x2x96x96-testing",
        dat="e4ad715691ed5a3a5f138751a4ceb071",
        cat="5aa791cd7e6016cf957ce9bdb93b8603",
        info="a9454f3864d7fd4bb3ea7fc3eb84924e",
    ),
}
"""Images, categories and all other factors of each split."""


def smallnorb(folder: Any = None, *, train: bool | None = True, stereo: bool = False) -> FactorData:
    """Load SmallNORB: 24,300 pairs of 96×96 a split; ``train=None`` reads both splits.

    Factors: category 5, instance, elevation 9, azimuth 18, lighting 6. Rows are put in grid order. The splits
    hold different toys: instance counts those present, 5 in a split and 10 in both. ``stereo`` gives both cameras
    as two channels, else the left one. Licence: for research only. Source: LeCun et al. 2004.

    Raises:
        FileError: if a file is missing, damaged or another one.
    """
    splits = ["train", "test"] if train is None else ["train" if train else "test"]
    paths = []
    for split in splits:
        files = FILES[split]
        found = {part: locate("smallnorb", folder, file) for part, file in files.items()}
        paths.append({part: verify(path, md5=files[part].md5) for part, path in found.items()})
    return read_smallnorb(paths, home() / "smallnorb" / f"{'-'.join(splits)}.npy", stereo=stereo)


def read_smallnorb(splits: Sequence[dict[str, Path]], cache: Path, *, stereo: bool = False) -> FactorData:
    """Read splits of SmallNORB, each given as its files ``dat``, ``cat`` and ``info``, into ``cache``.

    Raises:
        FileError: if a file is damaged or laid out otherwise.
    """
    parts = [_norb_codes(files) for files in splits]
    codes = np.concatenate(parts)
    codes[:, 1] = np.unique(codes[:, 1], return_inverse=True)[1].ravel()
    order = np.lexsort(codes.T[::-1])
    blocks = (
        block
        for files, part in zip(splits, parts, strict=True)
        for block in norb_blocks(files["dat"], np.dtype(np.uint8), (len(part), 2, 96, 96))
    )
    make = partial(_unpack_norb, blocks, np.argsort(order))
    store = open_checked(make_once(cache, splits[0]["dat"], make))
    expect_images(cache, store, len(codes), (2, 96, 96))
    sizes = {**FACTORS, "instance": int(codes[:, 1].max()) + 1}
    return factor_data(store if stereo else _LeftCamera(store), codes[order], sizes, "smallnorb", "chw")


class _LeftCamera:
    """Pairs of pictures, of which the first is delivered."""

    def __init__(self, pairs: Store):
        self._pairs = pairs
        self.shape, self.dtype = (pairs.shape[0], 1, *pairs.shape[2:]), pairs.dtype

    def __getitem__(self, rows: Any) -> Any:
        return self._pairs[rows][..., :1, :, :]


def _norb_codes(files: dict[str, Path]) -> Int[np.ndarray, "n 5"]:
    category, info = read_norb(files["cat"]), read_norb(files["info"])
    if category.ndim != 1 or info.shape != (len(category), 4):
        cause = f"categories {category.shape} and their details {info.shape} do not belong together"
        raise FileError(files["info"], cause, "Get the official files.")
    info[:, 2] //= 2  # azimuths are numbered 0, 2 … 34
    codes = np.column_stack([category, info])
    expect_codes(files["info"], codes, tuple(FACTORS.values()))
    return codes


def _unpack_norb(blocks: Iterator[np.ndarray], place: Int[np.ndarray, " n"], target: Path) -> None:
    with (
        writable_npy(target, (len(place), 2, 96, 96)) as images,
        bar(len(place), "reading SmallNORB once", unit="pair") as line,
    ):
        row = 0
        for block in blocks:
            images[place[row : row + len(block)]] = block
            row += len(block)
            line.update(len(block))
