"""Spatial latents: maps by offset and by place, how far codes follow moves, spectra, and who repeats whom.

Every function takes arrays, and raises ``InputError`` where their shapes do not fit or where there is nothing to draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.plane import BLUE_RED
from latentassay.plots.style import ALERT, INK, LEAF, MAIN, MUTED, QUIET, WIDE, fading, legend, scale, sheet, tidy

SHOWN, COLUMNS = 16, 8
"""Channels whose maps are shown, and how many lie in a row."""

HELD = 0.9
"""The share of the response that the reach holds."""

DECADES = 5
"""Orders of magnitude below the greatest value that a map by offset shows."""

FARTHEST = 24
"""Distances that are drawn at most; beyond them little is left."""


def kernel_maps(
    own: np.ndarray, others: np.ndarray, overall: np.ndarray, stderr: np.ndarray, profile: np.ndarray
) -> Figure:
    """Draw how far a change at one place spreads: by offset, for its channel and for all others, and by distance.

    Args:
        own: squared response of the changed channel by offset, ``(height, width)``, the place itself in the middle.
        others: the same of all other channels together.
        overall: share of the response within r = 0, 1, 2 … places, ``(r,)``.
        stderr: its standard error.
        profile: the same of every changed channel, ``(j, r)``.
    """
    fits = own.ndim == 2 and own.shape == others.shape and profile.ndim == 2
    if not fits or overall.shape != stderr.shape or profile.shape[1:] != overall.shape:
        raise InputError(
            f"maps must be (height, width) alike, shares (r,) and (j, r), got {own.shape}, {others.shape}, "
            f"{overall.shape}, {stderr.shape} and {profile.shape}"
        )
    figure = sheet(WIDE, 3.2)
    panels = figure.subplots(1, 3, width_ratios=[1, 1, 1.25])
    top = np.log10(float(max(own.max(), others.max())) or 1.0)
    for ax, values, title in zip(panels, (own, others), ("the channel itself", "all other channels"), strict=False):
        shown = np.log10(np.maximum(values, 10 ** (top - DECADES)))
        image = _by_offset(ax, shown, (top - DECADES, top))
        tidy(ax, x="offset in places", y="offset in places", title=title, frame=True)
    scale(panels[1].inset_axes((1.05, 0.1, 0.05, 0.8)), image, "log₁₀ squared response", upright=True)
    _by_distance(panels[2], overall, stderr, profile)
    return figure


def _by_offset(ax: Axes, values: np.ndarray, limits: tuple[float, float]) -> AxesImage:
    down, right = (side // 2 for side in values.shape)
    extent = (-right - 0.5, right + 0.5, down + 0.5, -down - 0.5)
    image = ax.imshow(values, cmap=fading(MAIN), vmin=limits[0], vmax=limits[1], extent=extent, interpolation="none")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    return image


def _by_distance(ax: Axes, overall: np.ndarray, stderr: np.ndarray, profile: np.ndarray) -> None:
    r = np.arange(min(len(overall), FARTHEST))
    for i, shares in enumerate(profile[:, : len(r)]):
        ax.plot(r, shares, color=QUIET, linewidth=0.7, alpha=0.8, label="each channel" if i == 0 else "")
    ax.errorbar(r, overall[: len(r)], Z95 * stderr[: len(r)], color=MAIN, linewidth=1.8, elinewidth=1, label="overall")
    ax.axhline(HELD, color=ALERT, linewidth=0.9, linestyle="--", label="90 %")
    tidy(ax, x="distance in places, at most", y="share of the response")
    ax.set(ylim=(0, 1.03), xlim=(-0.2, len(r) - 0.8))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    legend(ax)


def place_maps(maps: Mapping[str, np.ndarray], tops: Mapping[str, float]) -> Figure:
    """Draw one number for every place, a panel for each kind, with a colour scale of its own from 0.

    Args:
        maps: what it is → ``(height, width)``; NaN, which gets a small cross, where a place was not asked about.
        tops: the value of full colour, or the greatest value if that is more, so that what is small looks small.
    """
    if not maps or any(values.ndim != 2 or not np.isfinite(values).any() for values in maps.values()):
        raise InputError("maps must be at least one, each (height, width) with known values")
    figure = sheet(min(WIDE, 3.2 * len(maps)), 3.3)
    for ax, (name, values) in zip(figure.subplots(1, len(maps), squeeze=False)[0], maps.items(), strict=True):
        top = max(float(np.nanmax(values)), tops.get(name, 1e-9))
        image = ax.imshow(values, cmap=fading(MAIN), vmin=0, vmax=top, interpolation="none")
        ax.plot(*np.argwhere(np.isnan(values)).T[::-1], "x", color=MUTED, markersize=2.5, linestyle="none")
        tidy(ax, x="place across", y="place down", frame=True)
        _whole_ticks(ax)
        scale(ax.inset_axes((0.05, 1.06, 0.9, 0.05)), image, "", upright=False)
        ax.child_axes[0].xaxis.tick_top()
        ax.child_axes[0].set_title(name, color=INK, fontsize=8.5, loc="left", pad=6)
    return figure


def _whole_ticks(ax: Axes) -> None:
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))


def channel_maps(variance: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draw where each channel varies, the liveliest channels first, all on one scale from 0.

    Args:
        variance: of posterior means over data, ``(c, height, width)``.
        labels: names of the channels.
    """
    if variance.ndim != 3 or len(variance) != len(labels) or not len(labels):
        raise InputError(f"variance must be ({len(labels)}, height, width), got {variance.shape}")
    order = np.argsort(-variance.mean((1, 2)), kind="stable")[:SHOWN]
    columns = min(COLUMNS, len(order))
    rows = -(-len(order) // columns)
    figure = sheet(
        max(2.6, 1.0 + 0.98 * columns), 0.9 + 1.2 * rows * min(2.0, max(0.4, variance.shape[1] / variance.shape[2]))
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    top = float(variance[order].max()) or 1.0
    for ax in panels[len(order) :]:
        ax.set_axis_off()
    for ax, channel in zip(panels, order, strict=False):
        image = ax.imshow(variance[channel], cmap=fading(MAIN), vmin=0, vmax=top, interpolation="none")
        tidy(ax, frame=True)
        ax.set_title(f"{labels[channel]}: {variance[channel].mean():.2g}", color=INK, fontsize=7.5, loc="left", pad=3)
        ax.set(xticks=[], yticks=[])
    last = panels[columns - 1]
    scale(last.inset_axes((1.1, 0.0, 0.1, 1.0)), image, "variance", upright=True)
    return figure


def channel_relations(correlations: np.ndarray, effects: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draw which channels carry the same, and which do the same to the picture: −1 blue, 1 red, 0 empty.

    Args:
        correlations: of codes, ``(c, c)``.
        effects: cosines between the changes that channels make in the picture, ``(c, c)``.
        labels: names of the channels.
    """
    shape = (len(labels), len(labels))
    if correlations.shape != shape or effects.shape != shape:
        raise InputError(f"both matrices must have shape {shape}, got {correlations.shape} and {effects.shape}")
    figure = sheet(WIDE, 4.4)
    panels = figure.subplots(1, 2)
    titles = ("correlation of codes", "cosine of effects on the picture")
    for ax, matrix, title in zip(panels, (correlations, effects), titles, strict=True):
        shown = np.where(np.eye(len(labels), dtype=bool), np.nan, matrix)
        image = ax.imshow(shown, cmap=BLUE_RED, vmin=-1, vmax=1, interpolation="none")
        tidy(ax, x="channel", y="channel", title=title, frame=True)
        step = -(-len(labels) // 16)
        for set_ticks in (ax.set_xticks, ax.set_yticks):
            set_ticks(np.arange(0, len(labels), step), list(labels)[::step], parse_math=False)
    scale(panels[1].inset_axes((1.04, 0.2, 0.03, 0.6)), image, "−1 opposite · 1 the same", upright=True)
    return figure


def move_bars(
    names: Sequence[str],
    encoded: np.ndarray,
    encoded_stderr: np.ndarray,
    decoded: np.ndarray,
    decoded_stderr: np.ndarray,
) -> Figure:
    """Draw how far codes stray from moved pictures, and pictures from moved codes; 0 follows in full.

    Args:
        names: the moves.
        encoded: share of the variance of the codes, one for each move.
        encoded_stderr: its standard error; bars end in 95 % intervals.
        decoded: share of the variance of the pictures.
        decoded_stderr: its standard error.
    """
    every = (encoded, encoded_stderr, decoded, decoded_stderr)
    if not names or any(np.shape(values) != (len(names),) for values in every):
        raise InputError(
            f"needs one value for each of {len(names)} moves, at least one, got {[np.shape(v) for v in every]}"
        )
    figure = sheet(6.6, 1.1 + 0.46 * len(names))
    ax, at = figure.add_subplot(), np.arange(len(names))
    for shift, values, error, colour, name in (
        (-0.18, encoded, encoded_stderr, MAIN, "codes against moved codes"),
        (0.18, decoded, decoded_stderr, LEAF, "pictures against moved pictures"),
    ):
        ax.barh(at + shift, values, 0.34, color=colour, label=name)
        ax.errorbar(values, at + shift, xerr=Z95 * np.asarray(error), fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
    ax.set_yticks(at, names, parse_math=False)
    ax.invert_yaxis()
    tidy(ax, x="squared difference / variance")
    top = float(max(np.max(encoded + Z95 * encoded_stderr), np.max(decoded + Z95 * decoded_stderr)))
    ax.set_xlim(0, max(1.05 * top, 0.1))
    if top > 1.5:
        ax.axvline(2, color=ALERT, linewidth=0.9, linestyle="--", label="2: unrelated")
        ax.set_xlim(0, max(1.05 * top, 2.1))
    legend(ax)
    return figure


def spectra(
    latent: np.ndarray,
    latent_stderr: np.ndarray,
    channels: np.ndarray,
    picture: np.ndarray,
    matched: np.ndarray,
    slopes: tuple[float, float],
) -> Figure:
    """Draw power by frequency of latents and pictures, each summing to 1 over the frequencies that latents have.

    Args:
        latent: relative power at 1, 2 … cycles per picture, ``(f,)``.
        latent_stderr: its standard error.
        channels: the same of every channel, ``(c, f)``.
        picture: of the pictures, with more frequencies, ``(g,)``.
        matched: of the pictures averaged to as many places, ``(f,)``.
        slopes: exponents of the first and the last.
    """
    if (
        latent.ndim != 1
        or latent.shape != matched.shape
        or channels.shape[1:] != latent.shape
        or len(picture) < len(latent)
    ):
        raise InputError(
            f"spectra must have shapes (f,), (c, f), (g,) and (f,) with g at least f, got {latent.shape}, "
            f"{channels.shape}, {picture.shape} and {matched.shape}"
        )
    figure = sheet(6.6, 3.8)
    ax, f = figure.add_subplot(), np.arange(1, len(latent) + 1)
    for i, power in enumerate(row for row in channels if row.all()):
        ax.plot(f, power, color=QUIET, linewidth=0.6, alpha=0.8, label="each channel" if i == 0 else "")
    ax.plot(
        np.arange(1, len(picture) + 1), picture / picture[: len(f)].sum(), color=LEAF, linewidth=1.4, label="pictures"
    )
    text = f"pictures at the latents' size (exponent {slopes[1]:.2f})".replace("-", "−")
    ax.plot(f, matched / matched.sum(), color=LEAF, linewidth=1.4, linestyle="--", marker="s", markersize=3, label=text)
    text = f"latents (exponent {slopes[0]:.2f})".replace("-", "−")
    ax.errorbar(f, latent, Z95 * latent_stderr, color=MAIN, linewidth=1.8, marker="o", markersize=3.5, label=text)
    ax.set(xscale="log", yscale="log")
    tidy(ax, x="cycles per picture", y="relative power per frequency")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xticks([tick for tick in (1, 2, 4, 8, 16, 32, 64, 128, 256) if tick <= len(picture)])
    ax.xaxis.set_minor_formatter("")
    legend(ax, ncols=2)
    return figure


def channel_scales(
    mean: np.ndarray,
    mean_stderr: np.ndarray,
    std: np.ndarray,
    std_stderr: np.ndarray,
    expected: float,
    labels: Sequence[str],
) -> Figure:
    """Draw mean and standard deviation of every channel beside what is expected of them.

    Args:
        mean: of every channel, ``(c,)``.
        mean_stderr: its standard error.
        std: of every channel, ``(c,)``.
        std_stderr: its standard error.
        expected: the standard deviation that is asked for; the mean is to be 0.
        labels: names of the channels.
    """
    every = (mean, mean_stderr, std, std_stderr)
    if not len(labels) or any(np.shape(values) != (len(labels),) for values in every):
        raise InputError(f"needs one value for each of {len(labels)} channels, got {[np.shape(v) for v in every]}")
    figure = sheet(float(np.clip(2.6 + 0.28 * len(labels), 4.2, WIDE)), 3.0)
    ax, at = figure.add_subplot(), np.arange(len(labels))
    ax.axhline(expected, color=MAIN, linewidth=0.9, linestyle="--", label=f"expected std {expected:g}")
    ax.axhline(0, color=MUTED, linewidth=0.7)
    look: dict[str, Any] = {"linestyle": "none", "elinewidth": 0.9, "markersize": 4.5}
    ax.errorbar(at, std, Z95 * np.asarray(std_stderr), color=MAIN, marker="o", label="std", **look)
    ax.errorbar(at, mean, Z95 * np.asarray(mean_stderr), color=ALERT, marker="x", label="mean", **look)
    tidy(ax, x="channel or latent", y="of sampled latents")
    step = -(-len(labels) // 32)
    ax.set_xticks(at[::step], list(labels)[::step], parse_math=False)
    ax.set_xlim(-0.8, len(labels) - 0.2)
    legend(ax)
    return figure
