"""What a figure of a report is made of, and how it looks up what a section has."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from latentassay.core.findings import Section


class Sheet(NamedTuple):
    """One figure of a report.

    Attributes:
        name: second half of its key, e.g. ``"matrix"`` of ``"responses.matrix"``.
        title: a few words above the picture.
        caption: what is drawn and how to read it.
        draw: section → figure, or ``None`` where the section lacks the arrays.
        needs: the arrays it cannot do without.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Section], Figure | None]
    needs: tuple[str, ...]


def present(section: Section, *names: str) -> bool:
    """Tell whether a section has all these arrays, none of them empty."""
    return all(name in section.arrays and np.size(section.arrays[name]) for name in names)


def labels_of(section: Section, size: int) -> list[str]:
    """Return the names of a section's units, numbers where it has none."""
    return [str(label) for label in section.details.get("labels", range(size))]
