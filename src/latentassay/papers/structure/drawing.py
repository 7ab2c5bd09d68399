"""Figures of "Structure by architecture": what each latent and each chunk of variables does.

Every function takes arrays, and raises ``InputError`` where their shapes do not fit or where there is nothing to draw.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.images import are_points, mosaic, tiles, traversals
from latentassay.plots.style import INK, MUTED, SMALL, TALL, WIDE, figure_of, sheet, tidy

GAP = 0.22
"""Between the rows of two variables, and before the hybrids of a sheet, in heights or widths of a tile."""

NAMES = 0.85
"""Inches for names of rows."""

BRACKETS = 0.75
"""Inches for brackets beside them."""

ABOVE = 0.5
"""Inches for names of columns."""

BELOW = 0.3
"""Inches for a note."""

EDGE = 0.1
"""Inches for nothing."""

STILL = 0.05
"""Rows whose picture moves by less than this share of what the most moving one does are labelled still."""


def traversal_sheet(
    images: np.ndarray,
    values: np.ndarray,
    latents: Sequence[int],
    variables: Sequence[int],
    *,
    reach: np.ndarray | None = None,
) -> Figure:
    """Draw a row for each latent, from its least to its greatest value, rows of one variable bracketed (SA figure 11).

    Args:
        images: decodings ``(rows, steps, *x_shape)``, images in [0, 1] or vectors; points share one plot.
        values: what the latent was set to, ``(rows, steps)``.
        latents: number of the latent of each row.
        variables: number of the variable of each row, equal ones in a run.
        reach: how far each row moves, ``(rows,)``; rows that hardly do are labelled still.
    """
    x, v, own = np.asarray(images, dtype=float), np.asarray(values, dtype=float), np.asarray(variables)
    rows = len(latents)
    if not rows or x.ndim < 3 or x.shape[:2] != v.shape or len(v) != rows or len(own) != rows:
        raise InputError(
            f"a sheet needs images (rows, steps, *x_shape), values (rows, steps) and a latent and a variable of each "
            f"row, at least one, got {x.shape}, {v.shape}, {rows} and {len(own)}"
        )
    if are_points(x[0]):
        return figure_of(traversals(x, v, [str(latent) for latent in latents]))
    alone = len(set(own.tolist())) == rows
    tops = np.arange(rows) + (0 if alone else GAP) * np.concatenate([[0], np.cumsum(np.diff(own) != 0)])
    ax, note = _draw_tiles(x, tops, np.arange(x.shape[1]), before=NAMES + (0.2 if alone else BRACKETS), behind=0.95)
    ax.set_yticks(tops + 0.5, [f"variable {u}" for u in own] if alone else [f"latent {latent}" for latent in latents])
    if not alone:
        _draw_brackets(ax, tops, own)
    still = np.zeros(rows, bool) if reach is None else np.asarray(reach) <= STILL * np.max(reach)
    _write_values(ax, tops, [_format_ends(row) + "\nstill" * bool(quiet) for row, quiet in zip(v, still, strict=True)])
    ax.set_xticks([0.5, x.shape[1] - 0.5], ["least", "greatest"])
    _write_note(ax, note)
    return figure_of(ax)


def chunk_sheet(
    base: np.ndarray, hybrids: np.ndarray, chunks: Sequence[Sequence[int]], *, names: Sequence[str] | None = None
) -> Figure:
    """Draw the base, and beside it hybrids of one chunk of its variables in each row (SA figure 6a).

    Args:
        base: the sample that is changed, ``x_shape``, an image in [0, 1] or a vector.
        hybrids: ``(chunks, n, *x_shape)``.
        chunks: numbers of the variables of each chunk.
        names: what to write below those, such as what the chunk turned out to hold.
    """
    b, h = np.asarray(base, dtype=float), np.asarray(hybrids, dtype=float)
    below = [""] * len(chunks) if names is None else list(names)
    if h.ndim < 3 or not h.size or h.shape[2:] != b.shape or not len(chunks) == len(below) == len(h):
        raise InputError(
            f"hybrids must have shape (chunks, n, *x_shape), with as many chunks and names, and a base x_shape, "
            f"got {h.shape}, {len(chunks)} chunks, {len(below)} names and {b.shape}"
        )
    x = np.concatenate([np.broadcast_to(b, (len(h), 1, *b.shape)), h], 1)
    lefts = np.arange(x.shape[1]) + GAP * (np.arange(x.shape[1]) > 0)
    ax, note = _draw_tiles(x, np.arange(len(h)) * 1.0, lefts, before=NAMES + BRACKETS, behind=EDGE)
    labels = [f"{_name_chunk(chunk)}\n{name}".strip() for chunk, name in zip(chunks, below, strict=True)]
    ax.set_yticks(np.arange(len(h)) + 0.5, labels, parse_math=False)
    wide = h.shape[1] > 2
    title = "hybrids: these variables from other samples" if wide else "hybrids"
    ax.set_xticks([0.5, (lefts[1] + lefts[-1] + 1) / 2], ["base", title])
    _write_note(ax, note)
    return figure_of(ax)


def _draw_tiles(
    x: Float[np.ndarray, "rows columns *x_shape"], tops: Any, lefts: Any, *, before: float, behind: float
) -> tuple[Axes, str]:
    """Draw tiles of unit size at these places, top down, on a figure of their size; return how to read them, too."""
    ratio = x.shape[3] / x.shape[4] if x.ndim == 5 else 0.75
    width, height = float(lefts[-1] + 1), float(tops[-1] + 1)
    side = min((WIDE - before - behind) / width, 0.95, (TALL - ABOVE - BELOW) / (ratio * height))
    w, h = before + side * width + behind, ABOVE + side * ratio * height + BELOW
    figure = sheet(w, h)
    figure.set_layout_engine("none")  # every inch is accounted for
    ax = tidy(figure.add_axes((before / w, BELOW / h, side * width / w, side * ratio * height / h)))
    note = _draw_pieces(ax, x, np.asarray(tops, dtype=float), np.asarray(lefts, dtype=float))
    ax.set(xlim=(-0.01, width + 0.01), ylim=(height + 0.01, -0.01), yticks=[])
    ax.set_aspect("auto")
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=SMALL + 0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax, note


def _draw_pieces(ax: Axes, x: np.ndarray, tops: np.ndarray, lefts: np.ndarray) -> str:
    """Draw runs of rows and columns that touch, each as one piece of one picture, or on one scale."""
    whole = mosaic(x) if x.ndim == 5 else None
    note, limits = "", (float(x.min()), float(x.max()))
    for rows in _find_runs(tops):
        for columns in _find_runs(lefts):
            extent = (lefts[columns.start], lefts[columns.stop - 1] + 1, tops[rows.stop - 1] + 1, tops[rows.start])
            if whole is None:
                note = tiles(ax, x[rows, columns], extent, limits=limits)
                continue
            high, wide = whole.shape[0] // len(x), whole.shape[1] // x.shape[1]
            part = whole[rows.start * high : rows.stop * high, columns.start * wide : columns.stop * wide]
            ax.imshow(part, extent=extent, interpolation="none", aspect="auto", origin="upper")
    return note


def _find_runs(starts: np.ndarray) -> list[slice]:
    """Return runs of tiles without a gap between them."""
    cuts = [0, *(np.flatnonzero(np.diff(starts) > 1 + GAP / 2) + 1).tolist(), len(starts)]
    return [slice(a, b) for a, b in pairwise(cuts)]


def _draw_brackets(ax: Axes, tops: np.ndarray, variables: np.ndarray) -> None:
    """Draw a bracket beside the names of latents that form a variable, and its name."""
    place, width = ax.get_yaxis_transform(), ax.get_position().width * figure_of(ax).get_size_inches()[0]
    at, tick = -(NAMES - 0.08) / width, 0.05 / width
    look: dict[str, Any] = {"transform": place, "color": MUTED, "linewidth": 0.9, "clip_on": False}
    cuts = [0, *(np.flatnonzero(np.diff(variables)) + 1).tolist(), len(variables)]
    for a, b in pairwise(cuts):
        top, bottom = tops[a] + 0.06, tops[b - 1] + 0.94
        ax.plot([at + tick, at, at, at + tick], [top, top, bottom, bottom], **look)
        ax.text(
            at - tick,
            (top + bottom) / 2,
            f"variable {variables[a]}",
            transform=place,
            ha="right",
            va="center",
            rotation=90 if b - a > 1 else 0,
            color=INK,
            fontsize=SMALL + (1 if b - a > 1 else 0.5),
        )


def _write_values(ax: Axes, tops: np.ndarray, texts: Sequence[str]) -> None:
    """Write the ends of every row behind it, under a heading that stands on the line of the names of columns."""
    right, top = ax.get_xlim()[1] + 0.12, ax.get_ylim()[1]
    heading: dict[str, Any] = {"xytext": (0, 5), "textcoords": "offset points", "fontsize": SMALL + 0.5}
    ax.annotate("values", (right, top), color=INK, annotation_clip=False, **heading)
    for row, text in zip(tops, texts, strict=True):
        ax.text(right, row + 0.5, text, va="center", color=MUTED, fontsize=SMALL, linespacing=1.3)


def _format_ends(values: np.ndarray) -> str:
    digits = ".1f" if 1 <= np.abs(values).max() < 1000 else ".2g"
    return f"{values[0]:{digits}} … {values[-1]:{digits}}".replace("-", "−")


def _name_chunk(chunk: Sequence[int]) -> str:
    if len(chunk) == 1:
        return f"variable {chunk[0]}"
    run = list(chunk) == list(range(chunk[0], chunk[0] + len(chunk)))
    return f"variables {chunk[0]}–{chunk[-1]}" if run else f"variables {', '.join(map(str, chunk))}"


def _write_note(ax: Axes, note: str) -> None:
    if note:
        figure_of(ax).text(
            0.5, 0.06 / figure_of(ax).get_size_inches()[1], note, ha="center", va="bottom", color=MUTED, fontsize=SMALL
        )
