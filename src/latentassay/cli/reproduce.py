"""``latentassay reproduce``: a table or figure of a paper made again, every number beside the paper's."""

from pathlib import Path
from typing import Annotated

import typer

from latentassay.cli.shell import load_torch, out
from latentassay.cli.text import escape


def reproduce(
    name: Annotated[str | None, typer.Argument(help="Which table or figure; without it, all are listed.")] = None,
    scale: Annotated[
        str,
        typer.Option(
            help="smoke (does it run at all?), laptop (about an hour), gpu (minutes on one; of some), paper (the "
            "authors' own size)."
        ),
    ] = "smoke",
    folder: Annotated[
        Path, typer.Option("--out", help="Where tables, figures and trained models go; what is there is kept.")
    ] = Path("reproduced"),
    seeds: Annotated[
        int | None, typer.Option(help="How many seeds; as many as the scale has if left out.", min=1)
    ] = None,
    data: Annotated[
        list[str],
        typer.Option("--data", metavar="NAME=FOLDER", help="Where a data set's files are, e.g. mnist=~/mnist."),
    ] = [],  # noqa: B006  # typer reads the default, nobody changes it
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    listed: Annotated[bool, typer.Option("--list", help="List what can be made again, and what it costs.")] = False,
) -> None:
    """Make a table or figure of a paper again, every number beside the paper's, with its seeds and its scale.

    Ctrl-C keeps every model that is trained, and the same command goes on from there.

    latentassay reproduce --list

    latentassay reproduce responses.helix --scale laptop --out reproduced
    """
    load_torch()
    if listed or name is None:
        _list()
        return
    from latentassay.cli.terminal import print_results
    from latentassay.papers import catalog
    from latentassay.papers.experiment import Options

    options = Options(scale, folder, seeds=seeds, data=catalog.parse_folders(data), device=device)
    try:
        result = catalog.reproduce(name, options)
    except KeyboardInterrupt as error:
        kept = f"interrupted; what was done is in {folder}, and the same command goes on from there"
        raise KeyboardInterrupt(kept) from error
    print_results(result.table, out)
    out.print("", *(escape(str(path)) for path in result.files), sep="\n", soft_wrap=True)


def _list() -> None:
    from latentassay.papers.catalog import experiments

    for known in experiments():
        out.print(f"[bold]{known.name}[/]  {known.summary}\n  {known.describe_needs()}", soft_wrap=True)
