"""What is known of each unit, as a table: whether the encoder varies it, the decoder uses it, and changes come back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.plots.check import names_of, shaped_array
from latentassay.plots.style import INK, MAIN, SMALL, clear_to, panel, tidy

COLUMNS = ("encoder varies it", "decoder uses it", "a change comes back")
"""What the columns of numbers are called."""

DARK = 0.6
"""Cells of a deeper shade than this carry light numbers."""


def unit_ledger(
    signal: Any,
    effect: Any,
    response: Any,
    states: Sequence[str],
    labels: Sequence[Any] | np.ndarray,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw a row for every unit: three shares as shaded cells, and the state that follows from them.

    Args:
        signal: share of the variance of the unit's code that is that of the data, ``(U,)`` in [0, 1].
        effect: share of the variance of the decodings that exchanging the unit moves, ``(U,)``; shaded beside the
            largest.
        response: how much of a change of the unit comes back, ``(U,)``; 1 is all.
        states: a word for every unit, e.g. ``"alive"``.
        labels: names of the units.
        ax: axes to draw on; a new figure where left out.

    Raises:
        InputError: no units, or not one value for each.
    """
    first, count = shaped_array(signal, "signal", "units"), np.size(signal)
    numbers = np.stack([first, shaped_array(effect, "effect", count), shaped_array(response, "response", count)], 1)
    names, words = names_of(labels, count), [str(state) for state in states]
    if len(words) != count:
        raise InputError(f"states must be {count} words, one for each unit, got {len(words)}")
    ax = panel(ax, 6.2, 0.9 + 0.21 * count)
    tops = np.array([1.0, max(float(numbers[:, 1].max()), 1e-12), 1.0])
    shades = np.clip(numbers / tops, 0, 1)
    ax.imshow(shades, cmap=clear_to(MAIN), vmin=0, vmax=1, aspect="auto", extent=(0, 3, count, 0), interpolation="none")
    for row in range(count):
        for column in range(3):
            colour = "white" if shades[row, column] > DARK else INK
            text = f"{100 * numbers[row, column]:.3g} %"
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=SMALL, color=colour)
        ax.text(3.1, row + 0.5, words[row], ha="left", va="center", fontsize=SMALL, color=INK)
    ax.set_xlim(0, 4)
    ax.set_xticks([0.5, 1.5, 2.5, 3.5], [*COLUMNS, "state"])
    ax.set_yticks(np.arange(count) + 0.5, names)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    return tidy(ax, y="unit")
