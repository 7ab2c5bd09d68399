"""Figures of "Structure by architecture" about pictures: how good reconstructions and samples of many models are.

Every function takes numbers, one for each seed, and raises ``InputError`` where there is nothing to draw.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latentassay.core.errors import InputError
from latentassay.plots.style import ALERT, INK, LEAF, MAIN, MUTED, RULE, SMALL, THIRD, WIDE, sheet, tidy

COLOURS = {"structural": MAIN, "adaptive": LEAF, "ladder": THIRD, "hourglass": ALERT}
"""Architecture → colour; hourglasses are orange, as in the paper."""

ROW = 0.24
"""Inches of a model."""

CROSSES: tuple[str, ...] = ("x", "+", "1")
LINES: tuple[Any, ...] = ("-", (0, (2, 1.2)), ":")
"""Of the ways to sample, in their order."""

DECADE = 10.0
"""An axis of distances is logarithmic if the largest is more than so many times the least."""

Runs = Mapping[str, Sequence[float] | Float[np.ndarray, " seeds"]]
"""Model → a value of each seed."""


def architecture(model: str) -> str:
    """Return the architecture of one of the paper's models by its name.

    >>> [architecture(model) for model in ("SAE-12", "AdaAE-16", "VLAE-4", "β-TCVAE")]
    ['structural', 'adaptive', 'ladder', 'hourglass']
    """
    known = {"SAE-": "structural", "AdaAE": "adaptive", "VLAE": "ladder"}
    return next((kind for start, kind in known.items() if model.startswith(start)), "hourglass")


def reconstruction_quality(groups: Mapping[str, Runs], *, x: str = "cross entropy in nats per picture") -> Figure:
    """Draw the error of every model, a panel for each data set: an x for each seed, a dot for their mean (SA figure 2).

    Args:
        groups: data set → model → a value of each seed; lower is better.
        x: what the values are, with their unit.
    """
    sets = [(name, _check_runs(runs, name)) for name, runs in groups.items() if runs]
    models = _list_models([runs for _, runs in sets])
    figure, axes = _lay_out_rows(models, len(sets))
    for ax, (name, runs) in zip(axes, sets, strict=True):
        tidy(ax, x=x, title=name if len(sets) > 1 else "")
        for row, model in enumerate(models):
            if model in runs:
                _draw_mean_and_seeds(ax, runs[model], row, COLOURS[architecture(model)])
    _name_rows(axes, models)
    _name_architectures(figure, models)
    return figure


def sample_quality(methods: Mapping[str, Runs], *, x: str = "Fréchet distance to unseen pictures") -> Figure:
    """Draw the quality of samples, a row for each model and a mark for each way to sample (SA figure 3).

    Marks stand at the mean over seeds; a line joins those of one model.

    Args:
        methods: way to sample, such as ``"hybrid"`` → model → a value of each seed; lower is better.
        x: what the values are.
    """
    found = {name: _check_runs(runs, name) for name, runs in methods.items()}
    models = _list_models(list(found.values()))
    figure, (ax,) = _lay_out_rows(models, 1)
    tidy(ax, x=x)
    for row, model in enumerate(models):
        colour = COLOURS[architecture(model)]
        means = {name: float(runs[model].mean()) for name, runs in found.items() if model in runs}
        ax.plot([min(means.values()), max(means.values())], [row, row], color=colour, linewidth=1.2, alpha=0.5)
        for i, name in enumerate(found):
            if name in means:
                ax.plot(means[name], row, **_choose_mark(i, colour))
    _name_rows([ax], models)
    _set_scale(ax.xaxis, ax.set_xscale, found.values())
    marks = [Line2D([], [], linestyle="none", label=name, **_choose_mark(i, MUTED)) for i, name in enumerate(found)]
    _name_architectures(figure, models, marks)
    return figure


def bce_against_frechet(
    bce: Runs, frechet: Runs, *, x: str = "cross entropy in nats per picture", y: str = "Fréchet distance"
) -> Figure:
    """Draw two errors of reconstructions against each other: an x for each seed, a circle for the mean (SA figure 8).

    Args:
        bce: model → cross entropy of each seed.
        frechet: model → Fréchet distance of the same seeds.
        x: what the first is.
        y: what the second is.

    Raises:
        InputError: besides, models or seeds of both that differ.
    """
    first, second = _check_runs(bce, x), _check_runs(frechet, y)
    models = _list_models([first, second])
    if wrong := [model for model in models if len(first.get(model, ())) != len(second.get(model, ()))]:
        raise InputError(
            f"{wrong[0]} needs as many values of {x} as of {y}, got {len(first.get(wrong[0], ()))} and "
            f"{len(second.get(wrong[0], ()))}"
        )
    figure = sheet(6.6, max(3.6, 0.6 + 0.22 * len(models)))
    ax = tidy(figure.add_subplot(), x=x, y=y)
    for model in models:
        a, b, colour = first[model], second[model], COLOURS[architecture(model)]
        ax.plot(a, b, "x", color=colour, markersize=4.5, markeredgewidth=0.9, alpha=0.7)
        ax.plot(a.mean(), b.mean(), "o", color=colour, markersize=7, markerfacecolor="none", markeredgewidth=1.4)
    _set_scale(ax.yaxis, ax.set_yscale, [second])
    _name_points(ax, {model: (float(first[model].mean()), float(second[model].mean())) for model in models})
    _name_architectures(figure, models)
    return figure


def samplers(methods: Mapping[str, Runs], *, y: str = "Fréchet distance to unseen pictures") -> Figure:
    """Draw a cross for each seed, the mean as a line, and one standard deviation about it, by way to sample (figure 9).

    Args:
        methods: way to sample → model → a value of each seed; ways stand side by side in each model's column.
        y: what the values are.
    """
    found = {name: _check_runs(runs, name) for name, runs in methods.items()}
    models = _list_models(list(found.values()))
    figure = sheet(min(WIDE, 1.2 + 0.56 * len(models)), 3.9)
    ax = tidy(figure.add_subplot(), y=y)
    for column, model in enumerate(models):
        own = [(i, runs[model]) for i, runs in enumerate(found.values()) if model in runs]
        places = np.linspace(-0.22, 0.22, len(own)) if len(own) > 1 else np.zeros(1)
        for place, (i, values) in zip(places, own, strict=True):
            _draw_spread(ax, column + float(place), values, COLOURS[architecture(model)], i)
        if column:
            ax.axvline(column - 0.5, color=RULE, linewidth=0.6, zorder=0)
    _set_scale(ax.yaxis, ax.set_yscale, found.values())
    ax.set_xlim(-0.6, len(models) - 0.4)
    ax.set_xticks(range(len(models)), models, rotation=40, ha="right", rotation_mode="anchor", parse_math=False)
    marks = [
        Line2D([], [], color=MUTED, linestyle=LINES[i % 3], marker=CROSSES[i % 3], markersize=5, label=name)
        for i, name in enumerate(found)
    ]
    _name_architectures(figure, models, marks)
    return figure


def _draw_spread(ax: Axes, at: float, values: np.ndarray, colour: str, way: int) -> None:
    mean, line = float(values.mean()), LINES[way % len(LINES)]
    ax.plot([at] * len(values), values, CROSSES[way % len(CROSSES)], color=colour, markersize=5.5, markeredgewidth=1.1)
    ax.plot([at - 0.17, at + 0.17], [mean, mean], color=colour, linewidth=1.8, linestyle=line)
    if len(values) > 1:
        spread = float(values.std(ddof=1))
        low = mean - spread if mean > spread else min(float(values.min()), mean)  # a logarithmic axis has no 0
        ax.plot([at, at], [low, mean + spread], color=colour, linewidth=1.1, linestyle=line)


def _choose_mark(way: int, colour: str) -> dict[str, Any]:
    """Return the look of the mean of one way to sample: filled, open, then other shapes."""
    face = colour if way == 0 else "none"
    return {
        "marker": "oDs^"[way % 4],
        "color": colour,
        "markersize": 5.5,
        "markerfacecolor": face,
        "markeredgewidth": 1.3,
    }


def _draw_mean_and_seeds(ax: Axes, values: np.ndarray, row: int, colour: str) -> None:
    if len(values) > 1:
        ax.plot(values, [row] * len(values), "x", color=colour, markersize=4.5, markeredgewidth=0.9, alpha=0.8)
    ax.plot(values.mean(), row, "o", color=colour, markersize=6.5, alpha=0.9)


def _lay_out_rows(models: Sequence[str], panels: int) -> tuple[Figure, list[Axes]]:
    """Return panels side by side with a row for each model, the first on top."""
    figure = sheet(min(WIDE, 1.3 + 5.3 * panels), 0.95 + ROW * len(models))
    axes = list(np.ravel(figure.subplots(1, panels, sharey=True)))
    for ax in axes:
        ax.hlines(
            np.arange(len(models)), 0, 1, colors=RULE, linewidth=0.6, transform=ax.get_yaxis_transform(), zorder=0
        )
        ax.set_ylim(len(models) - 0.5, -0.5)
    return figure, axes


def _name_rows(axes: Sequence[Axes], models: Sequence[str]) -> None:
    axes[0].set_yticks(range(len(models)), models, parse_math=False)
    for ax in axes:
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)


def _name_points(ax: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write names in a column beside the axes, in the order of the points' heights, each tied to its point."""
    ax.margins(x=0.04, y=0.06)
    to_axes = ax.transData + ax.transAxes.inverted()
    ordered = sorted(points, key=lambda name: points[name][1])
    heights = _space_out([float(to_axes.transform(points[name])[1]) for name in ordered], apart=0.058)
    for name, height in zip(ordered, heights, strict=True):
        colour = COLOURS[architecture(name)]
        ax.annotate(
            name,
            points[name],
            (1.05, height),
            textcoords="axes fraction",
            va="center",
            color=colour,
            fontsize=SMALL,
            parse_math=False,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "alpha": 0.35,
                "linewidth": 0.7,
                "shrinkA": 1,
                "shrinkB": 4,
            },
        )


def _space_out(places: Sequence[float], *, apart: float) -> list[float]:
    """Move ascending places in [0, 1] so that they stand ``apart``, as near to where they were as a middle can be.

    >>> [round(place, 2) for place in _space_out([0.0, 0.1, 0.5, 0.5], apart=0.2)]
    [0.0, 0.2, 0.4, 0.6]
    """
    groups: list[tuple[float, int]] = []  # middle and number of those that stand as one
    for place in places:
        groups.append((place, 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < apart * (groups[-1][1] + groups[-2][1]) / 2:
            (one, n), (other, m) = groups.pop(), groups.pop()
            groups.append(((one * n + other * m) / (n + m), n + m))
    spread = [middle + apart * (i - (n - 1) / 2) for middle, n in groups for i in range(n)]
    upward = [max(place, apart * i) for i, place in enumerate(spread)]
    return [min(place, 1 - apart * (len(spread) - 1 - i)) for i, place in enumerate(upward)]


def _set_scale(axis: Axis, scale: Callable[[str], None], groups: Iterable[Mapping[str, np.ndarray]]) -> None:
    """Make an axis logarithmic if its values are positive and spread over more than a decade."""
    values = np.concatenate([own for runs in groups for own in runs.values()])
    if values.min() > 0 and values.max() > DECADE * values.min():
        scale("log")
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(lambda value, place: f"{value:g}" if f"{value:e}"[0] in "25" else "")
        axis.set_tick_params(which="minor", labelsize=SMALL, labelcolor=INK, colors=MUTED)


def _name_architectures(figure: Figure, models: Sequence[str], marks: Sequence[Line2D] = ()) -> None:
    """Name colours, and marks if there are any, above the figure."""
    kinds = {architecture(model) for model in models}
    dots = [
        Line2D([], [], color=COLOURS[kind], marker="s", linestyle="none", markersize=6, label=kind)
        for kind in COLOURS
        if kind in kinds
    ]
    columns = max(2, int(figure.get_figwidth() // 1.05))
    figure.legend(
        handles=[*dots, *marks],
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        fontsize=SMALL + 0.5,
        labelcolor=INK,
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0.4,
    )


def _list_models(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    models = list(dict.fromkeys(model for runs in groups for model in runs))
    if not models:
        raise InputError("nothing to draw: name at least one model with a value")
    return models


def _check_runs(runs: Runs, name: str) -> dict[str, Float[np.ndarray, " seeds"]]:
    found = {model: np.asarray(values, dtype=float).reshape(-1) for model, values in runs.items()}
    for model, values in found.items():
        if not len(values) or not np.isfinite(values).all():
            raise InputError(f"{model} must have at least one finite value of {name}, got {values.tolist()}")
    return found
