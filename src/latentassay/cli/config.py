"""Which data ``latentassay train`` used, kept beside the run so that ``latentassay assay`` finds it again."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from latentassay.core.errors import CheckpointError, InputError
from latentassay.core.storage import TEXT_LIMIT, read_whole, write_whole
from latentassay.data import FactorData, Splits, load
from latentassay.data.own import is_own
from latentassay.training.checkpoint import MANIFEST

FILE = "data.json"
WORDS = {"true": True, "false": False, "none": None}
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


class DataConfig(BaseModel):
    """Which rows of which data set, and how they are split; plain values, nothing that is run.

    Attributes:
        name: a name from ``latentassay data list``, or the path of own data (``la.data.own``).
        options: passed to the loader, e.g. ``{"size": 32}`` or ``{"folder": "…"}``.
        rows: use only this many rows, drawn at random with ``seed``.
        seed: fixes the rows and the 70-10-20 split.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    format: Literal["latentassay-data-1"] = "latentassay-data-1"
    name: str
    options: dict[str, str | int | float | bool | None] = {}
    rows: Annotated[int, Field(gt=0)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    def load(self) -> FactorData:
        """Load the data, cut down to ``rows`` if fewer are wanted than there are."""
        data = load(self.name, **self.options)
        if self.rows is None or self.rows >= len(data):
            return data
        return data.take(np.sort(np.random.default_rng(self.seed).choice(len(data), self.rows, replace=False)))

    def split(self) -> Splits:
        """Load and split the data."""
        return self.load().split(self.seed)

    def write(self, folder: Path) -> None:
        """Keep it in a run folder; a folder that already holds a run keeps what it says.

        Raises:
            InputError: the run there was trained on other data.
        """
        if not (folder / MANIFEST).exists():
            write_whole(folder / FILE, self.model_dump_json(indent=1).encode())
            return
        kept = read_data_config(folder)
        if kept != self:
            raise InputError(
                f"{folder} holds a run on {kept.name} (rows {kept.rows or 'all'}, options {kept.options}, "
                f"seed {kept.seed}); name the same data, or choose another --out"
            )


def read_data_config(folder: Path) -> DataConfig:
    """Read what ``DataConfig.write`` left in a run folder.

    Raises:
        CheckpointError: it is missing or not of this form.
    """
    path = folder / FILE
    fix = "Name the data with --data, as listed by `latentassay data list`."
    if not path.exists():
        raise CheckpointError(path, "the run does not say what it was trained on", fix)
    payload = read_whole(path, fix, CheckpointError, limit=TEXT_LIMIT)
    try:
        return DataConfig.model_validate_json(payload)
    except ValidationError as error:
        raise CheckpointError(path, f"is damaged ({error.errors()[0]['msg']})", "Name the data with --data.") from error


def parse_options(pairs: list[str]) -> dict[str, Any]:
    """Read ``key=value`` words; whole numbers, decimals, true, false and none become what they look like.

    >>> parse_options(["size=32", "train=none"])
    {'size': 32, 'train': None}
    """
    return {key: _value(text) for key, _, text in (pair.partition("=") for pair in pairs)}


def parse_data_options(pairs: list[str], data: str | None, *, allow_large: bool) -> dict[str, Any]:
    """Read the options of data as ``parse_options`` does; own data may be allowed to be large.

    >>> parse_data_options(["key=x"], "x.npz", allow_large=True)
    {'key': 'x', 'allow_large': True}
    """
    options = parse_options(pairs)
    return options | {"allow_large": True} if allow_large and data is not None and is_own(data) else options


def parse_model_options(pairs: list[str]) -> dict[str, Any]:
    """Read options of ``models.build``: as ``parse_options`` does, and layer widths such as ``64,64`` as tuples.

    >>> parse_model_options(["filters=16", "hidden=64,8"])
    {'filters': 16, 'hidden': (64, 8)}
    """
    found = parse_options(pairs)
    for key, value in found.items():
        parts = str(value).split(",")
        if (len(parts) > 1 or "hidden" in key) and all(part.strip().isdigit() for part in parts):
            found[key] = tuple(map(int, parts))
    return found


def parse_seconds(text: str) -> float:
    """Read a time such as ``60s``, ``2m``, ``1.5h`` or ``90``, in seconds.

    Raises:
        InputError: anything else, or no time at all.

    >>> [parse_seconds(text) for text in ("60s", "2m", "90")]
    [60.0, 120.0, 90.0]
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text)
    if not found or not float(found[1]):
        raise InputError(f"a budget is a time such as 60s, 2m or 90 (seconds), got {text!r}")
    return float(found[1]) * UNITS[found[2]]


def _value(text: str) -> str | int | float | bool | None:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
