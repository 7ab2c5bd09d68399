"""Scores between 0 and 1, side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.core.findings import Score
from latentassay.plots.style import INK, MAIN, RULE, SMALL, WIDE, panel, tidy

ROW = 0.24
"""Inches of a row."""

HEAD = 0.75
"""Inches of the axis and its label."""


def score_dots(scores: Sequence[Score], *, ax: Axes | None = None) -> Axes:
    """Draw every score as a dot with its 95 % interval and its number, on one scale from 0 to 1.

    Args:
        scores: numbers without a unit between 0 and 1, in the order of the rows.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no scores, or one that is not between 0 and 1.
    """
    if not len(scores) or not all(0 <= score.value <= 1 for score in scores):
        values = {score.label: score.value for score in scores}
        raise InputError(f"scores must be at least one, all from 0 to 1, got {values}")
    ax = tidy(panel(ax, 0.8 * WIDE, HEAD + ROW * len(scores)), x="score")
    rows = np.arange(len(scores))
    ax.hlines(rows, 0, 1, color=RULE, linewidth=0.6)
    for row, score in enumerate(scores):
        if score.low is not None and score.high is not None:
            ax.plot([score.low, score.high], [row, row], color=MAIN, linewidth=2.4, solid_capstyle="butt")
        ax.text(1.04, row, str(score), va="center", color=INK, fontsize=SMALL, parse_math=False)
    ax.plot([score.value for score in scores], rows, "o", color=MAIN, markersize=5)
    ax.set_yticks(rows, [score.label for score in scores], parse_math=False)
    ax.set(xlim=(-0.02, 1.32), ylim=(len(scores) - 0.5, -0.5))
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.spines["bottom"].set_bounds(0, 1)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax
