"""What ``latentassay score`` reads: codes and factors from a file, or the unseen rows of a run, encoded."""

from pathlib import Path

import numpy as np

from latentassay.cli.config import read_data_config
from latentassay.core.errors import FileError, InputError
from latentassay.data.formats import npz_names, read_npz
from latentassay.metrics import Table, encoded
from latentassay.training import load_run


def scored_table(source: Path, *, rows: int, seed: int = 0) -> Table:
    """Read codes and factors from an ``.npz`` file, or encode the unseen rows of a run; ``rows`` of them at most.

    The file holds ``codes`` (n, latents), integer ``factors`` (n, factors), and ``factor_names`` if they have names;
    factors that never vary are left out.

    Raises:
        FileError: the file or run is missing, damaged or of another kind.
        InputError: its arrays do not fit, or no factor varies.
    """
    if source.is_dir():
        return encoded(load_run(source).model, read_data_config(source).split().test, n=rows, seed=seed)
    return _from_file(source, rows, seed)


def _from_file(path: Path, rows: int, seed: int) -> Table:
    there = npz_names(path)
    if missing := [name for name in ("codes", "factors") if name not in there]:
        fix = "Write it with np.savez(path, codes=codes, factors=factors)."
        raise FileError(path, f"has no array {' or '.join(missing)}, only {', '.join(there) or 'nothing'}", fix)
    codes, factors = read_npz(path, "codes"), read_npz(path, "factors")
    if factors.ndim == 1:  # labels
        factors = factors[:, None]
    if codes.ndim < 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise InputError(f"codes (n, latents) and factors (n, factors) must fit, got {codes.shape}, {factors.shape}")
    names = read_npz(path, "factor_names") if "factor_names" in there else np.arange(factors.shape[1])
    if names.shape != factors.shape[1:]:
        raise InputError(f"factor_names must be {factors.shape[1]} names, got an array of shape {names.shape}")
    index = np.arange(len(codes))
    if rows < len(codes):
        index = np.sort(np.random.default_rng(seed).choice(len(codes), rows, replace=False))
    varying = np.flatnonzero((factors[index] != factors[index[:1]]).any(0))
    if not len(varying):
        raise InputError(f"no factor varies among {len(index)} rows of {path}")
    flat = codes[index].reshape(len(index), -1)
    return Table(flat, factors[index][:, varying], tuple(str(names[m]) for m in varying), index, len(index))
