"""The figure of a bench: kinds by doses as dots, the darker the more often named; false alarms beside."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentassay.core.storage import replacing
from latentassay.truth.plant import DOSES
from latentassay.truth.results import Bench
from latentassay.truth.runs import twin_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.21
"""Height of a row in inches."""


def draw(bench: Bench) -> "Figure":
    """Draw a column of dots for every dose of every diagnoser that named anything, and bars of clean models blamed."""
    from matplotlib.figure import Figure

    kinds = [kind for kind in bench.kinds if not kind.is_clean]
    twins = list(dict.fromkeys(twin_name(kind) for kind in bench.kinds))
    who = [name for name in bench.diagnosers if name == "ours" or _named_any(bench, name)]
    height = ROW * (max(len(kinds), len(twins)) + 6)
    figure = Figure(figsize=(4.6 + 1.0 * len(who) + 3.0, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.2 + len(who), 2.6))
    for column, name in enumerate(who):
        _dots(left, bench, name, [kind.name for kind in kinds], 4 * column)
    left.set_yticks(range(len(kinds)), [kind.name for kind in kinds])
    left.set_ylim(len(kinds) - 0.5, -2.2)
    left.set_xlim(-0.8, 4 * len(who) - 1.2)
    left.set_title("Defects named, % of plants by dose", loc="left", fontsize=10)
    _bars(right, bench, twins, who)
    for axes in (left, right):
        axes.tick_params(labelsize=8, length=0)
        axes.spines[:].set_visible(False)
    return figure


def save(bench: Bench, path: Path) -> None:
    """Draw the figure and write it, as the path's suffix says."""
    with replacing(path) as part:
        draw(bench).savefig(part, format=path.suffix[1:], dpi=130)


def _named_any(bench: Bench, name: str) -> bool:
    return any(rate.dose and rate.named > 0 for rate in bench.rates if rate.diagnoser == name)


def _dots(axes: Any, bench: Bench, diagnoser: str, names: list[str], start: int) -> None:
    cells = [(row, dose, bench.rate(name, dose, diagnoser)) for row, name in enumerate(names) for dose in (1, 2, 3)]
    there = [(row, dose, float(rate.named)) for row, dose, rate in cells if rate is not None]
    axes.scatter(
        [start + dose - 1 for _, dose, _ in there],
        [row for row, _, _ in there],
        c=[value for _, _, value in there],
        s=150,
        cmap="Blues",
        vmin=-0.1,
        vmax=1.1,
        edgecolors="0.7",
        linewidths=0.5,
    )
    for row, dose, value in there:
        colour = "white" if value > 0.5 else "0.35"
        axes.text(start + dose - 1, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=6, color=colour)
    axes.text(start + 1, -1.9, diagnoser, ha="center", va="center", fontsize=9, fontweight="bold")
    for dose in (1, 2, 3):
        axes.text(start + dose - 1, -1.1, DOSES[dose], ha="center", va="center", fontsize=7, color="0.35")
    axes.set_xticks([])


def _bars(axes: Any, bench: Bench, twins: list[str], who: list[str]) -> None:
    """Shares of clean models that were blamed, with Wilson's intervals."""
    step = 0.8 / max(1, len(who))
    for column, name in enumerate(who):
        found = [(row, bench.rate(twin, 0, name)) for row, twin in enumerate(twins)]
        there = [(row - 0.4 + (column + 0.5) * step, rate.blamed) for row, rate in found if rate is not None]
        values = [100 * float(value) for _, value in there]
        errors = [
            [100 * (float(value) - (value.low or 0.0)) for _, value in there],
            [100 * ((value.high or 0.0) - float(value)) for _, value in there],
        ]
        places = [place for place, _ in there]
        axes.errorbar(values, places, xerr=errors, fmt="o", markersize=4, elinewidth=1, color=f"C{column}", label=name)
    axes.axvline(5, color="0.6", linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(twins)), twins)
    axes.set_ylim(len(twins) - 0.5, -1.2)
    axes.set_xlim(-3, 103)
    axes.set_title("Clean models blamed, %", loc="left", fontsize=10)
    axes.legend(fontsize=7, frameon=False, loc="lower right")
