"""Spatial latents: maps by offset and by place, how far codes follow moves, spectra, and who repeats whom.

Every function takes arrays, and raises ``InputError`` where their shapes do not fit or where there is nothing to draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.check import names_of, shaped_array
from latentassay.plots.plane import BLUE_RED
from latentassay.plots.style import (
    ALERT,
    INK,
    LEAF,
    MAIN,
    MUTED,
    QUIET,
    WIDE,
    Panels,
    clear_to,
    legend,
    panel,
    panels,
    scale_above,
    scale_beside,
    sheet,
    tidy,
)

SHOWN = 16
"""Channels whose maps are shown."""

COLUMNS = 8
"""Maps of channels in a row."""

HELD = 0.9
"""The share of the response that the reach holds."""

DECADES = 5
"""Orders of magnitude below the greatest value that a map by offset shows."""

FARTHEST = 24
"""Distances that are drawn at most; beyond them little is left."""


def kernel_maps(
    own: Any, others: Any, overall: Any, stderr: Any, profile: Any, *, axes: Panels | None = None
) -> np.ndarray:
    """Draw how far a change at one place spreads: by offset, for its channel and for all others, and by distance.

    Args:
        own: squared response of the changed channel by offset, ``(height, width)``, the place itself in the middle.
        others: the same of all other channels together.
        overall: share of the response within r = 0, 1, 2 … places, ``(r,)``.
        stderr: its standard error.
        profile: the same of every changed channel, ``(j, r)``.
        axes: three axes; a new figure where left out.

    Raises:
        InputError: nothing to draw, or shapes that do not fit.
    """
    centre = shaped_array(own, "own", "height", "width")
    maps = centre, shaped_array(others, "others", *centre.shape)
    shares = shaped_array(overall, "overall", "r")
    half = Z95 * shaped_array(stderr, "stderr", len(shares))
    every = shaped_array(profile, "profile", "channels", len(shares))
    drawn = panels(axes, 3)
    if drawn is None:
        drawn = sheet(WIDE, 3.2).subplots(1, 3, width_ratios=[1, 1, 1.25])
    top = np.log10(float(max(values.max() for values in maps)) or 1.0)
    for ax, values, title in zip(drawn, maps, ("the channel itself", "all other channels"), strict=False):
        image = _by_offset(ax, np.log10(np.maximum(values, 10 ** (top - DECADES))), (top - DECADES, top))
        tidy(ax, x="offset in places", y="offset in places", title=title, frame=True)
    scale_beside(drawn[1], image, "log₁₀ squared response", along=(0.1, 0.9))
    _by_distance(drawn[2], shares, half, every)
    return np.asarray(drawn)


def _by_offset(ax: Axes, values: np.ndarray, limits: tuple[float, float]) -> AxesImage:
    down, right = (side // 2 for side in values.shape)
    extent = (-right - 0.5, right + 0.5, down + 0.5, -down - 0.5)
    image = ax.imshow(values, cmap=clear_to(MAIN), vmin=limits[0], vmax=limits[1], extent=extent, interpolation="none")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    return image


def _by_distance(ax: Axes, overall: np.ndarray, half: np.ndarray, profile: np.ndarray) -> None:
    r = np.arange(min(len(overall), FARTHEST))
    for i, shares in enumerate(profile[:, : len(r)]):
        ax.plot(r, shares, color=QUIET, linewidth=0.7, alpha=0.8, label="each channel" if i == 0 else "")
    ax.errorbar(r, overall[: len(r)], half[: len(r)], color=MAIN, linewidth=1.8, elinewidth=1, label="overall")
    ax.axhline(HELD, color=ALERT, linewidth=0.9, linestyle="--", label="90 %")
    tidy(ax, x="distance in places, at most", y="share of the response")
    ax.set(ylim=(0, 1.03), xlim=(-0.2, len(r) - 0.8))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    legend(ax)


def place_maps(maps: Mapping[str, Any], tops: Mapping[str, float], *, axes: Panels | None = None) -> np.ndarray:
    """Draw one number for every place, a panel for each kind, with a colour scale of its own from 0.

    Args:
        maps: what it is → ``(height, width)``; NaN, which gets a small cross, where a place was not asked about.
        tops: the value of full colour, or the greatest value if that is more, so that what is small looks small.
        axes: one axes for each map; a new figure where left out.

    Raises:
        InputError: no map, or one without known values.
    """
    known = {name: np.asarray(values, dtype=float) for name, values in maps.items()}
    if not known or any(values.ndim != 2 or not np.isfinite(values).any() for values in known.values()):
        raise InputError("maps must be at least one, each (height, width) with known values")
    drawn = panels(axes, len(known))
    if drawn is None:
        drawn = sheet(min(WIDE, 2.85 * len(known)), 3.3).subplots(1, len(known), squeeze=False)[0]
    for ax, (name, values) in zip(drawn, known.items(), strict=True):
        top = max(float(np.nanmax(values)), tops.get(name, 1e-9))
        image = ax.imshow(values, cmap=clear_to(MAIN), vmin=0, vmax=top, interpolation="none")
        ax.plot(*np.argwhere(np.isnan(values)).T[::-1], "x", color=MUTED, markersize=2.5, linestyle="none")
        tidy(ax, x="place across", y="place down", frame=True)
        _whole_ticks(ax)
        scale_above(ax, image, name)
    return np.asarray(drawn)


def _whole_ticks(ax: Axes) -> None:
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))


def channel_maps(variance: Any, labels: Sequence[Any], *, axes: Panels | None = None) -> np.ndarray:
    """Draw where each channel varies, the liveliest channels first, all on one scale from 0.

    Args:
        variance: of posterior means over data, ``(c, height, width)``.
        labels: names of the channels.
        axes: one axes for each channel, sixteen where there are more; a new figure where left out.

    Raises:
        InputError: no channels, or other channels than labels.
    """
    values, names = shaped_array(variance, "variance", "channels", "height", "width"), names_of(labels, len(variance))
    order = np.argsort(-values.mean((1, 2)), kind="stable")[:SHOWN]
    drawn, columns, top = panels(axes, len(order)), min(COLUMNS, len(order)), float(values[order].max()) or 1.0
    if drawn is None:
        rows, ratio = -(-len(order) // columns), min(2.0, max(0.4, values.shape[1] / values.shape[2]))
        figure = sheet(max(2.6, 1.0 + 0.98 * columns), 0.15 + rows * (0.32 + 0.86 * ratio))
        drawn = np.array([figure.add_subplot(rows, columns, i + 1) for i in range(len(order))], dtype=object)
    for ax, channel in zip(drawn, order, strict=True):
        image = ax.imshow(values[channel], cmap=clear_to(MAIN), vmin=0, vmax=top, interpolation="none")
        tidy(ax, frame=True)
        text = f"{names[channel]}: {values[channel].mean():.2g}"
        ax.set_title(text, color=INK, fontsize=7.5, loc="left", pad=3, parse_math=False)
        ax.set(xticks=[], yticks=[])
    scale_beside(drawn[columns - 1], image, "variance", along=(0, 1))
    return drawn


def channel_relations(
    correlations: Any, effects: Any, labels: Sequence[Any], *, axes: Panels | None = None
) -> np.ndarray:
    """Draw which channels carry the same, and which do the same to the picture: −1 blue, 1 red, 0 empty.

    Args:
        correlations: of codes, ``(c, c)``.
        effects: cosines between the changes that channels make in the picture, ``(c, c)``.
        labels: names of the channels.
        axes: two axes; a new figure where left out.

    Raises:
        InputError: other channels than labels.
    """
    names, shape = names_of(labels, len(labels)), (len(labels), len(labels))
    matrices = shaped_array(correlations, "correlations", *shape), shaped_array(effects, "effects", *shape)
    drawn, titles = panels(axes, 2), ("correlation of codes", "cosine of effects on the picture")
    if drawn is None:
        drawn = sheet(WIDE, 4.4).subplots(1, 2)
    for ax, matrix, title in zip(drawn, matrices, titles, strict=True):
        shown = np.where(np.eye(len(names), dtype=bool), np.nan, matrix)
        image = ax.imshow(shown, cmap=BLUE_RED, vmin=-1, vmax=1, interpolation="none")
        tidy(ax, x="channel", y="channel", title=title, frame=True)
        step = -(-len(names) // 16)
        for set_ticks in (ax.set_xticks, ax.set_yticks):
            set_ticks(np.arange(0, len(names), step), names[::step], parse_math=False)
    scale_beside(drawn[1], image, "−1 opposite · 1 the same")
    return np.asarray(drawn)


def move_bars(
    names: Sequence[Any],
    encoded: Any,
    encoded_stderr: Any,
    decoded: Any,
    decoded_stderr: Any,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw how far codes stray from moved pictures, and pictures from moved codes; 0 follows in full.

    Args:
        names: the moves.
        encoded: share of the variance of the codes, one for each move.
        encoded_stderr: its standard error; bars end in 95 % intervals.
        decoded: share of the variance of the pictures.
        decoded_stderr: its standard error.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no moves, or not one value for each.
    """
    moves, count = names_of(names, len(names)), len(names)
    if not count:
        raise InputError("names must be those of at least one move, got none")
    bars = (
        (-0.18, encoded, encoded_stderr, MAIN, "codes against moved codes"),
        (0.18, decoded, decoded_stderr, LEAF, "pictures against moved pictures"),
    )
    ax, at, top = panel(ax, 6.6, 1.1 + 0.46 * count), np.arange(count), 0.0
    for shift, values, error, colour, name in bars:
        lengths, half = shaped_array(values, name, count), Z95 * shaped_array(error, f"errors of {name}", count)
        ax.barh(at + shift, lengths, 0.34, color=colour, label=name)
        ax.errorbar(lengths, at + shift, xerr=half, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
        top = max(top, float((lengths + half).max()))
    ax.set_yticks(at, moves, parse_math=False)
    ax.set_ylim(count - 0.5, -0.5)
    tidy(ax, x="squared difference / variance")
    ax.set_xlim(0, max(1.05 * top, 0.1))
    if top > 1.5:
        ax.axvline(2, color=ALERT, linewidth=0.9, linestyle="--", label="2: unrelated")
        ax.set_xlim(0, max(1.05 * top, 2.1))
    legend(ax)
    return ax


def spectra(
    latent: Any,
    latent_stderr: Any,
    channels: Any,
    picture: Any,
    matched: Any,
    slopes: tuple[float, float],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw power by frequency of latents and pictures, each summing to 1 over the frequencies that latents have.

    Args:
        latent: relative power at 1, 2 … cycles per picture, ``(f,)``.
        latent_stderr: its standard error.
        channels: the same of every channel, ``(c, f)``.
        picture: of the pictures, with more frequencies, ``(g,)``.
        matched: of the pictures averaged to as many places, ``(f,)``.
        slopes: exponents of the first and the last.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: shapes that do not fit.
    """
    power, whole = shaped_array(latent, "latent", "f"), shaped_array(picture, "picture", "g")
    half, small = (shaped_array(values, "spectra", len(power)) for values in (latent_stderr, matched))
    every = shaped_array(channels, "channels", "c", len(power))
    if len(whole) < len(power):
        raise InputError(f"picture must have at least the {len(power)} frequencies of latent, got {len(whole)}")
    ax, f = panel(ax, 6.6, 3.8), np.arange(1, len(power) + 1)
    for i, row in enumerate(row for row in every if row.all()):
        ax.plot(f, row, color=QUIET, linewidth=0.6, alpha=0.8, label="each channel" if i == 0 else "")
    at = np.arange(1, len(whole) + 1)
    line: dict[str, Any] = {"color": LEAF, "linewidth": 1.4}
    ax.plot(at, whole / whole[: len(f)].sum(), label="pictures", **line)
    text = f"pictures at the latents' size (exponent {slopes[1]:.2f})".replace("-", "−")
    ax.plot(f, small / small.sum(), linestyle="--", marker="s", markersize=3, label=text, **line)
    text = f"latents (exponent {slopes[0]:.2f})".replace("-", "−")
    ax.errorbar(f, power, Z95 * half, color=MAIN, linewidth=1.8, marker="o", markersize=3.5, label=text)
    ax.set(xscale="log", yscale="log")
    tidy(ax, x="cycles per picture", y="relative power per frequency")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xticks([tick for tick in (1, 2, 4, 8, 16, 32, 64, 128, 256) if tick <= len(whole)])
    ax.xaxis.set_minor_formatter("")
    legend(ax, ncols=2)
    return ax


def channel_scales(
    mean: Any,
    mean_stderr: Any,
    std: Any,
    std_stderr: Any,
    expected: float,
    labels: Sequence[Any],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw mean and standard deviation of every channel beside what is expected of them.

    Args:
        mean: of every channel, ``(c,)``.
        mean_stderr: its standard error.
        std: of every channel, ``(c,)``.
        std_stderr: its standard error.
        expected: the standard deviation that is asked for; the mean is to be 0.
        labels: names of the channels.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no channels, or not one value for each.
    """
    names, count = names_of(labels, len(labels)), len(labels)
    if not count:
        raise InputError("labels must name at least one channel, got none")
    ax, at = panel(ax, float(np.clip(2.6 + 0.28 * count, 4.2, WIDE)), 3.0), np.arange(count)
    ax.axhline(expected, color=MAIN, linewidth=0.9, linestyle="--", label=f"expected std {expected:g}")
    ax.axhline(0, color=MUTED, linewidth=0.7)
    look: dict[str, Any] = {"linestyle": "none", "elinewidth": 0.9, "markersize": 4.5}
    for name, values, error, colour, marker in (
        ("std", std, std_stderr, MAIN, "o"),
        ("mean", mean, mean_stderr, ALERT, "x"),
    ):
        points, half = shaped_array(values, name, count), Z95 * shaped_array(error, f"{name}_stderr", count)
        ax.errorbar(at, points, half, color=colour, marker=marker, label=name, **look)
    tidy(ax, x="channel or latent", y="of sampled latents")
    step = -(-count // 32)
    ax.set_xticks(at[::step], names[::step], parse_math=False)
    ax.set_xlim(-0.8, count - 0.2)
    legend(ax)
    return ax
