"""``latentassay bench``: how far verdicts can be trusted, and what comes of calls that nobody should make."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from latentassay.cli.shell import load_torch, out
from latentassay.cli.text import escape

bench_app = typer.Typer(
    help="Measure how far verdicts can be trusted, and what bad arrays, models and files do.", no_args_is_help=True
)


@bench_app.callback()
def bench() -> None:
    """Measure how far verdicts can be trusted, and what bad arrays, models and files do."""


def _split(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _show(
    grids: Iterable[Any], save: Path | None, write: Callable[[Path], object], table: Path | None, markdown: str
) -> None:
    """Print the tables of a bench, and write what it found as JSON and as Markdown."""
    from latentassay.cli.terminal import grid_table
    from latentassay.core.storage import write_whole

    for grid in grids:
        out.print(grid_table(grid, out.width), "")
    if save is not None:
        write(save)
    if table is not None:
        write_whole(table, markdown.encode())
    _say_written(save, table)


def _say_written(*paths: Path | None) -> None:
    for path in paths:
        if path is not None:
            out.print(f"written: {escape(str(path))}", soft_wrap=True)


@bench_app.command()
def truth(
    seeds: Annotated[int, typer.Option(help="Plants of each kind and dose, random in all their details.", min=1)] = 20,
    kinds: Annotated[
        str,
        typer.Option(
            help="Kinds or families of defects, with commas, e.g. units,coupling,'decoder bias'; all if left out. An "
            "unknown one lists all."
        ),
    ] = "",
    doses: Annotated[str, typer.Option(help="Which of weak,medium,full.")] = "weak,medium,full",
    diagnoser: Annotated[
        str,
        typer.Option(
            help="Who looks, with commas: ours (la.assay), active (active units), kl (divergence below 0.01 nats), "
            "max_z (no mean beyond 0.5), or package.module:function, a callable (model, data) → set of (defect, "
            "subjects)."
        ),
    ] = "ours,active,kl,max_z",
    trust: Annotated[bool, typer.Option("--trust", help="Import and run package.module:function.")] = False,
    save: Annotated[Path | None, typer.Option("--out", help="Write everything as JSON.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the tables as Markdown.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Write the figure, as .png or .svg.")] = None,
    processes: Annotated[int, typer.Option(help="How many, each with one thread.", min=1)] = 2,
    resume: Annotated[
        Path | None,
        typer.Option(help="Keep every answer in this file, one a line, and go on from those that it holds."),
    ] = None,
) -> None:
    """Plant defects of known kind and size, and count how often they are named, and how often clean models are blamed.

    Every kind of defect is planted at three doses, and each plant has a clean twin. A diagnoser names a defect by the
    key of a finding, such as units.dead, and by its subjects, such as unit 3; words are never read. Shares have
    Wilson's 95 % intervals. A kind takes about a minute for 20 seeds on two quiet cores.

    latentassay bench truth --kinds units --seeds 5

    latentassay bench truth --out results.json --table results.md --figure results.png

    latentassay bench truth --processes 8 --resume answers.jsonl

    latentassay bench truth --diagnoser ours,mypackage.mine:diagnose --trust
    """
    load_torch()
    import time
    from contextlib import nullcontext

    from latentassay.cli.outputs import check_outputs
    from latentassay.core.errors import InputError
    from latentassay.truth import figure as drawing
    from latentassay.truth.diagnosers import find_diagnoser
    from latentassay.truth.journal import hold_journal
    from latentassay.truth.plant import DOSES
    from latentassay.truth.plants import kinds as find_kinds
    from latentassay.truth.results import summarise
    from latentassay.truth.runs import run, tasks
    from latentassay.truth.table import grids, markdown

    check_outputs(save, table, figure, resume)
    begun, chosen, who = time.perf_counter(), find_kinds(_split(kinds)), _split(diagnoser)
    if unknown := [dose for dose in _split(doses) if dose not in DOSES[1:]]:
        raise InputError(f"doses are {', '.join(DOSES[1:])}; got {', '.join(unknown)}")
    for name in who:
        find_diagnoser(name, trust=trust)
    numbers = tuple(DOSES.index(dose) for dose in _split(doses))
    questions = tasks(chosen, seeds=seeds, doses=numbers, diagnosers=who, trust=trust)
    with nullcontext() if resume is None else hold_journal(resume) as journal:
        outcomes = run(questions, processes=processes, journal=journal)
    found = summarise(chosen, outcomes, seeds=seeds, seconds=time.perf_counter() - begun)
    _show(grids(found), save, found.save, table, markdown(found))
    if figure is not None:
        drawing.save(found, figure)
        _say_written(figure)


@bench_app.command()
def faults(
    functions: Annotated[
        str | None, typer.Option(help="Public names, with commas; all where left out. Such as: respond,metrics.mig")
    ] = None,
    axes: Annotated[
        str,
        typer.Option(
            help="Which, with commas; all where left out: arrays (and models), determinism, threads, "
            "files, kills, disks, writers."
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="A few cases of every argument, drawn by the seed.")] = False,
    seed: Annotated[int, typer.Option(help="Of that draw.")] = 0,
    save: Annotated[Path | None, typer.Option("--out", help="Write everything as JSON.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the scoreboard as Markdown.")] = None,
) -> None:
    """Ask every public function in ways that nobody should, and count what came of it.

    Axes are bad arrays and bad models; determinism (the same seed with other block sizes, threads, hash seeds and
    clocks); hostile files at every door; kills and signals while something is written; disks that are full; two writers
    of one folder; and threads that ask one model at once.

    A typed error or a documented value is fine. A raw error, NaN of which no documentation speaks, a changed input or
    global state, a hang, code or a secret of a file that comes through, a process that is left over, and something
    that is lost are faults. The exit code is 1 if there is any that is not listed as known.

    latentassay bench faults --quick

    latentassay bench faults --functions respond,metrics.mig --axes arrays

    latentassay bench faults --out results.json --table results.md
    """
    load_torch()
    from latentassay.cli.outputs import check_outputs
    from latentassay.faults.axes import AXES, run_axes
    from latentassay.faults.results import grids, markdown

    check_outputs(save, table)
    names = None if functions is None else _split(functions)
    found = run_axes(_split(axes) or tuple(AXES), names, quick=quick, seed=seed)
    _show(grids(found), save, found.save, table, markdown(found))
    if found.faults:
        raise typer.Exit(1)
