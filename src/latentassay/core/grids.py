"""Tables of words: what a terminal and a page of Markdown show alike."""

from collections.abc import Iterable
from typing import NamedTuple


class Grid(NamedTuple):
    """A table as text: a heading, names of columns, and cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def markdown_of(grids: Iterable[Grid]) -> str:
    """Return tables in Markdown, each below its heading.

    >>> print(markdown_of([Grid("Two", ("a", "b"), (("1", "x|y"),))]))
    **Two**
    <BLANKLINE>
    | a | b |
    | --- | --- |
    | 1 | x\\|y |
    """
    return "\n\n".join(_section(grid) for grid in grids)


def _section(grid: Grid) -> str:
    lines = [_line(cells) for cells in (grid.columns, tuple("---" for _ in grid.columns), *grid.rows)]
    return "\n".join([*([f"**{grid.title}**", ""] if grid.title else []), *lines])


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
