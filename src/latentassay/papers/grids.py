"""What the grids of models of all papers share: where a run is kept, groups of seeds, and measuring what is missing.

Every paper has a record of its own for a model to train, its configuration: scale, folder, what distinguishes it from
the others, and a seed.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from latentassay.papers import pool

T = TypeVar("T")
K = TypeVar("K")


def run_folder(folder: Path, scale: str, name: str) -> Path:
    """Return the folder of a run, beside those of all other models of its scale.

    >>> run_folder(Path("out"), "smoke", "vae-seed0").as_posix()
    'out/runs/smoke/vae-seed0'
    """
    return folder / "runs" / scale / name


def group_by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return key → its items, such as a model's seeds, both in the order of their first appearance.

    >>> group_by(["ae", "vae", "av"], lambda name: name[0])
    {'a': ['ae', 'av'], 'v': ['vae']}
    """
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def measure_missing(
    measure: Callable[[T], object],
    is_measured: Callable[[T], bool],
    configurations: Sequence[T],
) -> None:
    """Train and measure what has not been measured yet, a process for each model.

    Args:
        measure: trains a model and leaves its scores in its folder; a function of a module, since processes find it
            by its name.
        is_measured: whether the folder holds all that ``measure`` leaves there.
        configurations: the models, in the order in which they begin.
    """
    missing = [configuration for configuration in configurations if not is_measured(configuration)]
    pool.run_each(measure, missing, "models")
