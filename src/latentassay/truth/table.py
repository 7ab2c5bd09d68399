"""The table of a bench: a row a kind, how often each dose was named, by whom; below, who blamed clean models."""

from collections.abc import Sequence

from latentassay.core.estimate import Estimate
from latentassay.core.grids import Grid, markdown_of
from latentassay.truth.plant import DOSES
from latentassay.truth.results import Bench
from latentassay.truth.runs import twin_name
from latentassay.truth.scoring import Rate


def grids(bench: Bench) -> tuple[Grid, ...]:
    """Return the tables of a bench: what was named, who was blamed, and what else was counted."""
    found = [_named(bench, diagnoser) for diagnoser in bench.diagnosers if _knows(bench, diagnoser)]
    return (*(grid for grid in found if grid.rows), _blamed(bench), *_counted(bench))


def _knows(bench: Bench, diagnoser: str) -> bool:
    return any(rate.dose and rate.named > 0 for rate in bench.rates if rate.diagnoser == diagnoser)


def _named(bench: Bench, diagnoser: str) -> Grid:
    """Kinds of which a diagnoser ever named one; ours is shown with all."""
    rows = []
    for kind in bench.kinds:
        found = [bench.rate(kind.name, dose, diagnoser) for dose in (1, 2, 3)]
        there = [rate for rate in found if rate is not None]
        if there and (diagnoser == "ours" or any(rate.named > 0 for rate in there)):
            sizes = ", ".join(f"{size:.3g}" for size in kind.sizes)
            cells = ["–" if rate is None else share(rate.named) for rate in found]
            rows.append((kind.name, f"{sizes} ({kind.effect})", *cells, *_of_full(there[-1])))
    columns = ("planted", "doses", *DOSES[1:], "level", "subjects right", "wrongly accused besides")
    return Grid(f"Named by {diagnoser}, % (95 % interval)", columns, tuple(rows))


def _of_full(rate: Rate) -> tuple[str, str, str]:
    levels = ", ".join(f"{level} {count}" for level, count in sorted(rate.levels.items(), key=lambda item: -item[1]))
    right = "–" if rate.subjects_right is None else share(rate.subjects_right)
    return levels or "–", right, _keys(rate)


def _blamed(bench: Bench) -> Grid:
    """A row for every kind of clean models, a column for every diagnoser."""
    rows = []
    for name in dict.fromkeys(twin_name(kind) for kind in bench.kinds):
        found = [bench.rate(name, 0, diagnoser) for diagnoser in bench.diagnosers]
        there = [rate for rate in found if rate is not None]
        if there:
            cells = ["–" if rate is None else share(rate.blamed) for rate in found]
            rows.append(
                (name, str(there[0].n), *cells, "; ".join(_who_blamed(rate) for rate in there if rate.wrong) or "–")
            )
    return Grid("Clean models that were blamed, %", ("clean", "n", *bench.diagnosers, "of"), tuple(rows))


def _who_blamed(rate: Rate) -> str:
    return f"{rate.diagnoser}: {_keys(rate)}"


def _counted(bench: Bench) -> Sequence[Grid]:
    held = tuple((name, share(found), str(found.n)) for name, found in bench.coverage.items())
    flips = tuple((name, share(found), str(found.n)) for name, found in bench.flips.items() if found > 0)
    texts = tuple((text, str(count)) for text, count in (*bench.contradictions.items(), *bench.failed.items()))
    tables = (
        Grid("95 % intervals that hold the truth, %", ("score", "held", "n"), held),
        Grid(
            "Pairs of seeds of an assay that accuse of other things, % (none where not listed)",
            ("of", "differ", "n"),
            flips,
        ),
        Grid("Contradictions and errors", ("what", "reports"), texts),
    )
    return [grid for grid in tables if grid.rows]


def _keys(rate: Rate) -> str:
    found = sorted(rate.wrong.items(), key=lambda item: -item[1])
    return ", ".join(f"{key} {count}" for key, count in found) or "–"


def share(value: Estimate) -> str:
    """Return a share in whole percent with its interval.

    >>> from latentassay.stats.intervals import proportion
    >>> share(proportion(19, 20))
    '95 (76–99)'
    """
    low, high = (100 * (value if end is None else end) for end in (value.low, value.high))
    return f"{100 * value:.0f} ({low:.0f}–{high:.0f})"


def markdown(bench: Bench) -> str:
    """Return the tables in Markdown."""
    return markdown_of(grids(bench)) + "\n"
