"""The command line: names to functions, errors in one line, exit codes that mean something."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from latentassay._version import __version__
from latentassay.cli import terminal
from latentassay.cli.data import data_app
from latentassay.cli.models import models
from latentassay.cli.shell import Options, Seed, fail, out, settings, taught
from latentassay.cli.train import train

HELP = """Point it at an autoencoder and read what its latent space is like.

[bold]latentassay demo[/bold] shows everything on a small model in about a minute.

Typical work:

  latentassay data list
  latentassay models
  latentassay train --data mnist --option size=32 --model vae-conv-small --beta 4 --out runs/mnist
  latentassay train --data shapes3d --model sae-12 --out runs/sae-12
  latentassay assay runs/mnist --report report.html
  latentassay assay diffusers:my-vae --size 64 --data photos/

Exit codes: 0 done; 1 a bug of ours (run with --debug and tell us); 2 an argument, model or data set that
cannot be used; 3 a file that is missing or damaged; 130 interrupted, what was done is kept."""

app = typer.Typer(
    help=HELP, rich_markup_mode="rich", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
app.add_typer(data_app, name="data")


def _version(wanted: bool) -> bool:
    if wanted:
        out.print(__version__)
        raise typer.Exit
    return wanted


@app.callback()
def main_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Remember what holds for every command."""
    settings["debug"] = debug


@app.command()
@taught
def demo(
    folder: Annotated[Path, typer.Option("--out", help="Folder for report.html and assay.safetensors.")] = Path("demo"),
    seed: Seed = 0,
    steps: Annotated[int, typer.Option(help="Training steps of 32 pictures.", min=1)] = 900,
    samples: Annotated[int, typer.Option(help="Latents drawn of each kind.", min=32)] = 512,
) -> None:
    """Train a small model, assay it and write a report: the whole of latentassay in about a minute."""
    from latentassay.cli.demo import run_demo

    out.print("Training a small β-VAE on rendered 3D shapes, then questioning it …")
    made = run_demo(folder, seed=seed, steps=steps, samples=samples)
    out.print(*terminal.verdict(made.result))
    out.print(
        f"\ntrained in {made.run.seconds:.0f} s at {made.run.images_per_second:.0f} images/s, "
        f"assayed in {made.result.meta['total seconds']:.0f} s\nreport: {made.report}"
    )


app.command()(train)
app.command()(models)


@app.command()
@taught
def assay(
    model: Annotated[
        str,
        typer.Argument(
            help="runs/x: a folder that `latentassay train` or `la.fit(out=…)` made. diffusers:FOLDER: config.json and "
            "safetensors. onnx:ENCODER.onnx,DECODER.onnx. package.module:function: takes nothing, returns a model or "
            "a pair (encode, decode); imports code, so only with --trust."
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            help="A name from `latentassay data list`, a folder of pictures, or an .npy, .npz, .h5 or .h5ad file; all "
            "rows are used. A run has its own: the rows it has not seen."
        ),
    ] = None,
    option: Options = [],  # noqa: B006
    space: Annotated[
        str | None, typer.Option(help="diffusers: native, scaled (as a diffusion model sees them) or unit.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="diffusers: height and width of pictures, e.g. 64.", min=1)] = None,
    model_option: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUE",
            help="Passed to the model's adapter, e.g. prior=normal, value_range=0,1 or output=mean_logvar.",
        ),
    ] = [],  # noqa: B006
    trust: Annotated[
        bool, typer.Option("--trust", help="Import and run the code that package.module:function is.")
    ] = False,
    report: Annotated[Path, typer.Option(help="Where the HTML page goes.")] = Path("report.html"),
    save: Annotated[Path | None, typer.Option(help="Also keep everything for la.Assay.load, as safetensors.")] = None,
    samples: Annotated[
        int, typer.Option(help="Rows, and latents of each kind; more are slower and surer.", min=32)
    ] = 1024,
    grid: Annotated[int, typer.Option(help="Side of the response field.", min=3)] = 50,
    precision: Annotated[
        float, typer.Option(help="Half-width of intervals that is good enough, beside the greatest response.")
    ] = 0.05,
    budget: Annotated[
        str, typer.Option(help="Time, about: 60s, 2m, 90. Slow models are asked less, and it says how precisely.")
    ] = "2m",
    batch_size: Annotated[int, typer.Option(help="Rows per pass.", min=1)] = 128,
    seed: Seed = 0,
) -> None:
    """Question a model on rows it has not seen, print the verdict and write the report.

    latentassay assay runs/mnist

    latentassay assay diffusers:sd-vae --space scaled --size 64 --data photos/ --budget 5m

    latentassay assay onnx:encoder.onnx,decoder.onnx --data faces.npy

    latentassay assay mymodels:load_vae --trust --data cells.h5ad --option key=layers/counts
    """
    from latentassay import assay as ask
    from latentassay.cli.config import parse_options, parse_seconds
    from latentassay.cli.model_spec import open_model

    seconds, chosen = parse_seconds(budget), {"space": space, "size": size}
    given = {name: value for name, value in chosen.items() if value is not None} | parse_options(model_option)
    opened = open_model(model, trust=trust, command=settings["trusting"], **given)
    rows = opened.load(data, parse_options(option))
    out.print(escape("\n".join([f"model: {opened.notes}", *(f"data: {note}" for note in terminal.told(rows))])))
    result = ask(
        opened.model,
        rows,
        samples=samples,
        grid=grid,
        precision=precision,
        budget=seconds,
        batch_size=batch_size,
        seed=seed,
        name=opened.name,
    )
    result.to_html(report)
    if save is not None:
        result.save(save)
    out.print(*terminal.verdict(result))
    out.print(escape(f"\n{terminal.bought(result)}\nreport: {report}"))


@app.command()
@taught
def score(
    source: Annotated[
        Path,
        typer.Argument(
            help="An .npz file with codes (rows, latents) and integer factors (rows, factors), e.g. from "
            "np.savez('codes.npz', codes=…, factors=…); or a folder that `latentassay train` made, whose unseen rows "
            "are encoded."
        ),
    ],
    metric: Annotated[
        list[str],
        typer.Option("--metric", metavar="NAME", help="Only this one; may be repeated. All of them if left out."),
    ] = [],  # noqa: B006
    variants: Annotated[
        bool, typer.Option("--variants", help="Also what else the field quotes under the same names.")
    ] = False,
    rows: Annotated[int, typer.Option(help="Rows to use, drawn at random if there are more.", min=2)] = 15_000,
    resamples: Annotated[
        int, typer.Option(help="Random halves for 95 % intervals, e.g. 20; each costs half a panel.", min=0)
    ] = 0,
    save: Annotated[Path | None, typer.Option(help="Also write everything as JSON.")] = None,
    seed: Seed = 0,
) -> None:
    """Score codes against known factors: MIG, DCI, SAP, IRS and the rest, each with the variant it is.

    The field's scores differ between libraries by factors, so every number says what it is: bins, predictor, split,
    normaliser. docs/which-variant.md tells what other libraries do.
    """
    from latentassay.cli.scored import scored_table
    from latentassay.metrics import score as measure

    table = scored_table(source, rows=rows, seed=seed)
    panel = measure(
        table.codes, table.factors, metrics=metric or None, variants=variants, resamples=resamples, seed=seed
    )
    out.print(
        f"\n{table.n:,} rows, {table.codes.shape[1]} latents, factors {escape(', '.join(table.names))}; seed {seed}\n",
        terminal.panel(panel),
    )
    for name, why in panel.left_out.items():
        out.print(f"[yellow]left out[/] {escape(name)}: {escape(why)}")
    if save is not None:
        panel.save(save)
        out.print(f"\nwritten: {escape(str(save))}", soft_wrap=True)


@app.command()
@taught
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
    ] = [],  # noqa: B006
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    listed: Annotated[bool, typer.Option("--list", help="List what can be made again, and what it costs.")] = False,
) -> None:
    """Make a table or figure of a paper again, every number beside the paper's, with its seeds and its scale.

    Ctrl-C keeps every model that is trained, and the same command goes on from there.
    """
    from latentassay.papers.catalog import EXPERIMENTS, parse_folders
    from latentassay.papers.catalog import reproduce as make

    if listed or name is None:
        for known in EXPERIMENTS:
            out.print(f"[bold]{known.name}[/]  {known.summary}\n  {known.told}", soft_wrap=True)
        return
    try:
        made = make(name, scale=scale, folder=folder, seeds=seeds, data=parse_folders(data), device=device)
    except KeyboardInterrupt:
        fail(f"interrupted; what was done is in {folder}, and the same command goes on from there", 130)
    terminal.print_results(made.table, out)
    out.print("", *(escape(str(path)) for path in made.files), sep="\n", soft_wrap=True)


def main() -> None:
    """Entry point of the ``latentassay`` command."""
    settings["trusting"] = shlex.join(["latentassay", *sys.argv[1:], "--trust"])
    app()
