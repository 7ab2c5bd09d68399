"""Figure of a hierarchy: of every variable, how linear what it changes is, how far it reaches, and where."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.check import names_of
from latentassay.plots.style import (
    ALERT,
    INK,
    MAIN,
    MUTED,
    QUIET,
    SMALL,
    WIDE,
    Panels,
    clear_to,
    figure_of,
    legend_over,
    note_below,
    panels,
    sheet,
    tidy,
)

NEEDS = (
    "linear",
    "linear_stderr",
    "context_free",
    "context_free_stderr",
    "places",
    "places_stderr",
    "size",
    "size_stderr",
)
"""Arrays that the figure is drawn from, ``(u,)`` each."""


PARTS = (("depends on the other variables", ALERT), ("bends with its own value", MAIN), ("linear", QUIET))
"""What a change consists of, from below."""


def hierarchy_panels(
    arrays: Mapping[str, Any],
    *,
    labels: Sequence[Any] | None = None,
    note: str = "",
    place: str = "pixels",
    axes: Panels | None = None,
) -> np.ndarray:
    """Draw variables in their order: where they change things, what kind of change it is, how far it reaches.

    Args:
        arrays: those of a ``Hierarchy`` by name, ``(u,)`` each, NaN for dead variables; ``maps`` ``(u, h, w)`` are
            drawn if they are pictures.
        labels: names of the variables, their numbers where left out.
        note: what to write below, such as the score.
        place: what an observation has many of.
        axes: three axes, from top to bottom, and one more above them if there are maps; a new figure where left out.

    Raises:
        InputError: an array is absent, of another length, or there is nothing to draw.
    """
    found = {name: np.asarray(arrays.get(name, ()), dtype=float) for name in NEEDS}
    count = len(found["linear"])
    if not count or any(array.shape != (count,) for array in found.values()):
        raise InputError(
            f"needs {', '.join(NEEDS)}, one value for each variable, got "
            f"{ {name: array.shape for name, array in found.items()} }"
        )
    names = names_of(range(count) if labels is None else labels, count)
    maps = np.asarray(arrays.get("maps", ()), dtype=float)
    pictures = maps if maps.ndim == 3 and len(maps) == count else None
    caller_axes = panels(axes, 3 if pictures is None else 4)
    drawn = _stack(count, pictures) if caller_axes is None else caller_axes
    if pictures is not None:
        _maps(drawn[0], pictures, np.isnan(found["linear"]))
    shares, places, size = drawn[-3:]
    _shares(shares, found)
    _bars(places, found["places"], found["places_stderr"], f"share of\n{place}")
    _bars(size, found["size"], found["size_stderr"], "size of\nchange")
    _name_variables(drawn, names)
    legend_over(drawn[0], [shares])
    wide = int(15 * figure_of(drawn).get_figwidth())
    note_below(size, fill(f"{note}{note and '; '}lines: 95 % intervals", wide, break_long_words=False), lines=2)
    return drawn


def _stack(count: int, maps: np.ndarray | None) -> np.ndarray:
    """Panels above each other in a figure of their own."""
    width = min(WIDE, max(5.2, 1.4 + 0.75 * count))
    tile = 0.0 if maps is None else 0.96 * (width - 0.65) / (count + 0.2) * maps.shape[1] / maps.shape[2]
    heights = ([tile] if maps is not None else []) + [2.3, 1.0, 1.0]
    figure = sheet(width, sum(heights) + 1.0 + 0.2 * len(heights))
    return np.asarray(figure.subplots(len(heights), 1, height_ratios=heights))


def _name_variables(axes: np.ndarray, names: Sequence[str]) -> None:
    """Give all panels the same places, and the lowest the names."""
    for ax in axes:
        ax.set_xlim(-0.6, len(names) - 0.4)
    for ax in axes[:-1]:
        ax.set_xticks([])
    axes[-1].set_xticks(range(len(names)), names, parse_math=False)
    axes[-1].set_xlabel("variable", color=INK)


def _maps(ax: Axes, maps: np.ndarray, dead: np.ndarray) -> None:
    """Root mean squared change at every pixel, each variable on its own scale."""
    tidy(ax, y="where\n(own scales)")
    ratio = maps.shape[1] / maps.shape[2]
    for unit, squares in enumerate(maps):
        if squares.max() > 0 and not dead[unit]:
            extent = (unit - 0.46, unit + 0.46, 0.92 * ratio, 0)
            ax.imshow(
                np.sqrt(squares / squares.max()),
                cmap=clear_to(INK),
                vmin=0,
                vmax=1,
                extent=extent,
                gid="tint",
                interpolation="none",
                aspect="auto",
                origin="upper",
            )
    ax.set(ylim=(0.94 * ratio, -0.02), yticks=[])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _shares(ax: Axes, found: Mapping[str, np.ndarray]) -> None:
    tidy(ax, y="share of the change")
    context = np.clip(1 - found["context_free"], 0, 1)
    bent = np.clip(1 - found["linear"], context, 1)
    at = np.arange(len(context))
    ends = [np.zeros_like(context), context, bent, np.ones_like(context)]
    for (name, colour), low, high in zip(PARTS, ends[:-1], ends[1:], strict=True):
        ax.bar(at, high - low, 0.72, bottom=low, color=colour, label=name)
    for shift, high, name in ((-0.12, context, "context_free_stderr"), (0.12, bent, "linear_stderr")):
        ax.errorbar(
            at + shift, high, Z95 * found[name], fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.8, capthick=0.9
        )
    for unit in np.flatnonzero(np.isnan(context)).tolist():
        ax.text(unit, 0.5, "dead", rotation=90, ha="center", va="center", color=MUTED, fontsize=SMALL)
    ax.set(ylim=(0, 1.0), yticks=[0, 0.25, 0.5, 0.75, 1], yticklabels=["0", "0.25", "0.5", "0.75", "1"])


def _bars(ax: Axes, values: np.ndarray, stderr: np.ndarray, label: str) -> None:
    tidy(ax, y=label)
    at = np.arange(len(values))
    ax.bar(at, values, 0.72, color=QUIET)
    ax.errorbar(at, values, Z95 * stderr, fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.8, capthick=0.9)
    ax.set_ylim(0, None)
    ax.locator_params(axis="y", nbins=4)
