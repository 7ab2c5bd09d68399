"""Figures 3.4 to 3.7."""

from pathlib import Path


def pictures(scale, folder: Path, *, seeds=None, data=None):
    return []
