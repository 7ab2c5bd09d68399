"""Scores between 0 and 1, side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from latentassay.core.findings import Score
from latentassay.plots.style import INK, MAIN, RULE, SMALL, WIDE, sheet, tidy

ROW, HEAD = 0.24, 0.75
"""Inches of a row, and of axis and label."""


def score_dots(scores: Sequence[Score]) -> Figure:
    """Draw every score as a dot with its 95 % interval and its number, on one scale from 0 to 1.

    Args:
        scores: numbers without a unit between 0 and 1, in the order of the rows.
    """
    figure = sheet(0.8 * WIDE, HEAD + ROW * len(scores))
    ax = figure.add_subplot()
    rows = np.arange(len(scores))
    ax.hlines(rows, 0, 1, color=RULE, linewidth=0.6)
    for row, score in enumerate(scores):
        if score.low is not None and score.high is not None:
            ax.plot([score.low, score.high], [row, row], color=MAIN, linewidth=2.4, solid_capstyle="butt")
        ax.plot(score.value, row, "o", color=MAIN, markersize=5)
        ax.text(1.04, row, str(score), va="center", color=INK, fontsize=SMALL, parse_math=False)
    tidy(ax, x="score")
    ax.set_yticks(rows, [score.label for score in scores])
    ax.set(xlim=(-0.02, 1.32), ylim=(len(scores) - 0.5, -0.5))
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.spines["bottom"].set_bounds(0, 1)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return figure
