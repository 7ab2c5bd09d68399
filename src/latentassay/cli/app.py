"""The ``latentassay`` command: which commands there are, and what holds for all of them."""

from typing import Annotated

import typer

from latentassay._version import __version__
from latentassay.cli.assay import assay, model_help
from latentassay.cli.bench import bench_app
from latentassay.cli.data import data_app
from latentassay.cli.demo import demo
from latentassay.cli.explore import explore
from latentassay.cli.models import models
from latentassay.cli.reproduce import reproduce
from latentassay.cli.score import score
from latentassay.cli.shell import Shell, late_help, out
from latentassay.cli.train import train

HELP = """Point it at an autoencoder and read what its latent space is like.

[bold]latentassay demo[/bold] shows everything on a small model in about a minute.

Typical work:

  latentassay data list
  latentassay models
  latentassay train --data mnist --option size=32 --model vae-conv-small --beta 4 --out runs/mnist
  latentassay train --data shapes3d --model sae-12 --out runs/sae-12
  latentassay assay runs/mnist --report report.html
  latentassay explore runs/mnist --out explore.html
  latentassay assay diffusers:my-vae --size 64 --data photos/

Exit codes: 0 done; 1 a bug of ours (run with --debug and tell us); 2 an argument, model or data set that
cannot be used; 3 a file that is missing or damaged; 130 interrupted, 143
ended by SIGTERM, what was done is kept."""

app = typer.Typer(
    cls=Shell,
    help=HELP,
    rich_markup_mode="rich",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(data_app, name="data")
app.command()(demo)  # --help keeps this order
app.command()(train)
app.command()(models)
app.command(cls=late_help(model=model_help))(assay)
app.command(cls=late_help(model=model_help))(explore)
app.command()(score)
app.command()(reproduce)
app.add_typer(bench_app, name="bench")


def _version(wanted: bool) -> bool:
    if wanted:
        out.print(__version__)
        raise typer.Exit
    return wanted


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Declare what holds for every command; ``Shell`` reads ``--debug``, and ``--version`` ends here."""
