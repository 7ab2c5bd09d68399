"""``latentassay data``: which data sets there are, and how they come here."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from latentassay.cli.shell import AllowLarge, out
from latentassay.cli.text import escape

data_app = typer.Typer(help="List, describe, render and fetch data sets.", no_args_is_help=True)


@data_app.command("list")
def list_data() -> None:
    """Name every data set, and say which are made here and which need files."""
    from latentassay.data.entries import ENTRIES

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "observations", "shape", "files", "what"):
        table.add_column(heading, no_wrap=heading != "what", justify="right" if heading == "observations" else "left")
    for entry in ENTRIES:
        count = f"{entry.n:,}" if entry.n else "?"
        shape = "×".join(map(str, entry.shape))
        table.add_row(entry.name, count, shape, "yes" if entry.needs_files else "made here", entry.summary)
    out.print(table)


@data_app.command()
def info(
    name: Annotated[str, typer.Argument(help="A name from `latentassay data list`, or a path.")],
    allow_large: AllowLarge = False,
) -> None:
    """Say what a data set holds and where it comes from, or how a file or folder of your own is read."""
    from latentassay.data.catalog import entry
    from latentassay.data.files import home
    from latentassay.data.own import is_own, own

    if is_own(name) or Path(name).exists():
        rows = own(name, allow_large=allow_large)
        out.print(escape(f"{name}: {len(rows):,} rows of {'×'.join(map(str, rows.x_shape))}"), soft_wrap=True)
        for note in (*getattr(rows.store, "notes", ()), *rows.factor_notes):
            out.print(escape(note), soft_wrap=True)
        if rows.factor_names:
            out.print(escape(f"factors: {', '.join(rows.factor_names)}"), soft_wrap=True)
        return
    found = entry(name)
    out.print(f"[bold]{found.name}[/]: {found.summary}\nfactors: {found.factors}\nsource: {found.source}")
    for file in found.files:
        out.print(f"file: {file.name} {file.url or found.page or ''}", soft_wrap=True)
    if found.needs_files:
        out.print(f"folder: {home() / name} (or --option folder=…)", soft_wrap=True)


@data_app.command()
def render(
    name: Annotated[str, typer.Argument(help="dsprites or shapes3d.")],
    folder: Annotated[Path | None, typer.Option("--out", help="Where the .npy goes; the cache if left out.")] = None,
) -> None:
    """Draw a whole rendered data set once, so that later loads read it from disk (option cache=FOLDER)."""
    from latentassay.core.errors import InputError
    from latentassay.data import load
    from latentassay.data.files import home

    if name not in ("dsprites", "shapes3d"):
        raise InputError(f"only dsprites and shapes3d are rendered here, got {name!r}")
    target = folder or home() / name
    out.print(escape(f"{load(name, cache=target)}\nin {target}"), soft_wrap=True)


@data_app.command()
def fetch(name: Annotated[str, typer.Argument(help="A name from `latentassay data list`.")]) -> None:
    """Download the official files of a data set, verified by size and hash."""
    from latentassay.data.catalog import fetch as fetch_files

    for path in fetch_files(name):
        out.print(str(path), soft_wrap=True)
