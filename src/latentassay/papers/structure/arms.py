"""Pictures with values that were held out, and their reconstructions by what was updated (SA figures 7 and 12)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.images import mosaic
from latentassay.plots.style import INK, MUTED, SIZE, SMALL, WIDE, sheet, tidy

GAP = 0.35
"""Room between arms, in widths of a picture."""


def extrapolation(
    inputs: Any, rows: Mapping[str, Mapping[str, Any]], *, numbers: Mapping[str, Mapping[str, float]] | None = None
) -> Figure:
    """Draw pictures of a new kind and their reconstructions: a row for each model, a column for each arm.

    Args:
        inputs: pictures ``(k, C, H, W)`` in [0, 1], the same for all.
        rows: model → arm, such as ``"encoder only"`` → reconstructions ``(k, C, H, W)``; the same arms for all.
        numbers: model → arm → what is written below, such as MSE × 1000 over all such pictures.

    Raises:
        InputError: nothing to draw, or shapes or arms that differ.
    """
    x = np.asarray(inputs, dtype=float)
    arms = list(next(iter(rows.values()), {}))
    _check_pictures(x, rows, arms)
    k, height, width = len(x), x.shape[2], x.shape[3]
    ratio, columns = height / width, ["input", *arms]
    side = min((WIDE - 1.0) / ((k + GAP) * len(columns)), 0.8)
    tall = side * ratio + (0.24 if numbers else 0.06)
    figure = sheet(1.0 + side * (k + GAP) * len(columns), 0.55 + tall * len(rows))
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for i, (line, (model, reconstructions)) in enumerate(zip(axes, rows.items(), strict=True)):
        for ax, column in zip(line, columns, strict=True):
            shown = x if column == "input" else np.asarray(reconstructions[column], dtype=float)
            ax.imshow(mosaic(shown[None]), interpolation="none", aspect="equal")
            tidy(ax, title="" if i else column)
            ax.set(xticks=[], yticks=[])
            for spine in ax.spines.values():
                spine.set_visible(False)
            if numbers and column != "input":
                ax.set_xlabel(f"{numbers[model][column]:.3g}", color=MUTED, fontsize=SMALL, labelpad=1)
        line[0].set_ylabel(model, rotation=0, ha="right", va="center", color=INK, fontsize=SIZE, parse_math=False)
    return figure


def _check_pictures(x: np.ndarray, rows: Mapping[str, Mapping[str, Any]], arms: list[str]) -> None:
    if x.ndim != 4 or not len(x) or not arms:
        raise InputError(
            f"inputs must be images (k, C, H, W) and rows name a model with an arm, got {x.shape} and {list(rows)}"
        )
    for model, own in rows.items():
        if list(own) != arms or any(np.shape(pictures) != x.shape for pictures in own.values()):
            got = {arm: np.shape(pictures) for arm, pictures in own.items()}
            raise InputError(f"{model} must have arms {arms} of shape {x.shape}, got {got}")
