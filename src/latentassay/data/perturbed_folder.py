"""The file by which a folder of a perturbed data set is known; apart, since to read it brings pydantic."""

from pathlib import Path

MANIFEST = "perturbation.json"
"""By this file a folder is known as that of a perturbed data set."""

FIX = "Restore the folder from a copy, or delete it and make the data set again."


def is_perturbed(path: str | Path) -> bool:
    """Whether a folder holds a perturbed data set, finished or not."""
    return (Path(path) / MANIFEST).is_file()
