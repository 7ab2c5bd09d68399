"""Figure of a hierarchy: of every variable, how linear what it changes is, how far it reaches, and where."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.style import ALERT, INK, MAIN, MUTED, QUIET, SMALL, WIDE, fading, legend_above, sheet, tidy

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
    arrays: Mapping[str, np.ndarray], *, labels: Sequence[str] | None = None, note: str = "", place: str = "pixels"
) -> Figure:
    """Draw variables in their order: where they change things, what kind of change it is, how far it reaches.

    Args:
        arrays: those of a ``Hierarchy`` by name, ``(u,)`` each, NaN for dead variables; ``maps`` ``(u, h, w)`` are
            drawn if they are pictures.
        labels: names of the variables, their numbers where left out.
        note: what to write below, such as the score.
        place: what an observation has many of.

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
    names = [str(unit) for unit in range(count)] if labels is None else list(labels)
    if len(names) != count:
        raise InputError(f"labels must name {count} variables, got {len(names)}")
    maps = np.asarray(arrays.get("maps", ()), dtype=float)
    pictures = maps if maps.ndim == 3 and len(maps) == count else None
    return _panels(found, names, pictures, note, place)


def _panels(
    found: Mapping[str, np.ndarray], names: list[str], maps: np.ndarray | None, note: str, place: str
) -> Figure:
    count = len(names)
    width = min(WIDE, max(5.2, 1.4 + 0.75 * count))
    tile = 0.0 if maps is None else 0.96 * (width - 0.65) / (count + 0.2) * maps.shape[1] / maps.shape[2]
    heights = ([tile] if maps is not None else []) + [2.3, 1.0, 1.0]
    figure = sheet(width, sum(heights) + 1.0 + 0.2 * len(heights))
    axes = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    if maps is not None:
        _maps(axes.pop(0), maps, np.isnan(found["linear"]))
    shares, places, size = axes
    _shares(shares, found)
    _dots(places, found["places"], found["places_stderr"], f"share of\n{place}")
    _dots(size, found["size"], found["size_stderr"], "size of\nchange")
    size.set_xlabel("variable", color=INK)
    size.set_xticks(range(count), names, parse_math=False)
    size.set_xlim(-0.6, count - 0.4)
    legend_above(figure, shares)
    below = fill(f"{note}{note and '; '}lines: 95 % intervals", int(15 * width), break_long_words=False)
    figure.supxlabel(below, color=MUTED, fontsize=SMALL, parse_math=False)
    return figure


def _maps(ax: Axes, maps: np.ndarray, dead: np.ndarray) -> None:
    """Root mean squared change at every pixel, each variable on its own scale."""
    tidy(ax, y="where\n(own scales)")
    ratio = maps.shape[1] / maps.shape[2]
    for unit, squares in enumerate(maps):
        if squares.max() > 0 and not dead[unit]:
            extent = (unit - 0.46, unit + 0.46, 0.92 * ratio, 0)
            ax.imshow(
                np.sqrt(squares / squares.max()),
                cmap=fading(INK),
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
    ax.set(ylim=(0, 1.0), yticks=[0, 0.25, 0.5, 0.75, 1], yticklabels=["0", "¼", "½", "¾", "1"])


def _dots(ax: Axes, values: np.ndarray, stderr: np.ndarray, label: str) -> None:
    tidy(ax, y=label)
    at = np.arange(len(values))
    ax.bar(at, values, 0.72, color=QUIET)
    ax.errorbar(at, values, Z95 * stderr, fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.8, capthick=0.9)
    ax.set_ylim(0, None)
    ax.locator_params(axis="y", nbins=4)
