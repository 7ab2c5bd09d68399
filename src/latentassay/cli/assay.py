"""``latentassay assay``: question a model on rows it has not seen, print the verdict, write the report."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentassay.cli.outputs import check_outputs, write_all
from latentassay.cli.shell import AllowLarge, Options, Seed, load_torch, out
from latentassay.cli.text import escape

if TYPE_CHECKING:
    import latentassay as la


def model_help() -> str:
    """Say in which forms models are named."""
    from latentassay.cli.model_spec import model_forms

    return model_forms()


def assay(
    model: Annotated[str, typer.Argument(help="runs/x, ADAPTER:FILES or package.module:function.")],
    data: Annotated[
        str | None,
        typer.Option(
            help="A name from `latentassay data list`, a folder of pictures, or an .npy, .npz, .h5 or .h5ad file; all "
            "rows are used. A run has its own: the rows it has not seen."
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(
            help="Rows that the model was trained on, named as --data are: are others reconstructed as well? A run "
            "that is given no data knows its own."
        ),
    ] = None,
    option: Options = [],  # noqa: B006  # typer reads the default, nobody changes it
    space: Annotated[
        str | None, typer.Option(help="Of diffusers' models: native, scaled (as a diffusion model sees them) or unit.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(help="Height and width of pictures, e.g. 64, where a model's files do not say them.", min=1),
    ] = None,
    model_option: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUE",
            help="Passed to the model's adapter, e.g. prior=normal, value_range=0,1 or output=mean_logvar.",
        ),
    ] = [],  # noqa: B006
    trust: Annotated[
        bool, typer.Option("--trust", help="Import and run the code that package.module:function is, and open pickles.")
    ] = False,
    question: Annotated[
        list[str],
        typer.Option(
            metavar="KEY",
            help="Only this question, e.g. holes, or group of questions, e.g. spatial; may be repeated. An unknown one "
            "lists all.",
        ),
    ] = [],  # noqa: B006
    report: Annotated[Path, typer.Option(help="Where the HTML page goes.")] = Path("report.html"),
    json: Annotated[Path | None, typer.Option(help="Also write findings and scores as JSON, for programs.")] = None,
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
    allow_large: AllowLarge = False,
    seed: Seed = 0,
) -> None:
    """Question a model on rows it has not seen, print the verdict and write the report.

    Ctrl-C and SIGTERM end it with what was answered: the report says what was not reached.

    latentassay assay runs/mnist

    latentassay assay diffusers:sd-vae --space scaled --size 64 --data photos/ --budget 5m

    latentassay assay onnx:encoder.onnx,decoder.onnx --data faces.npy

    latentassay assay onnx:encoder.onnx,decoder.onnx --data unseen.npy --train seen.npy

    latentassay assay runs/mnist --question units --question holes

    latentassay assay mymodels:load_vae --trust --data cells.h5ad --option key=layers/counts
    """
    load_torch()
    import latentassay as la
    from latentassay.adapters._whole import as_autoencoder
    from latentassay.cli import terminal
    from latentassay.cli.config import parse_data_options, parse_options, parse_seconds
    from latentassay.cli.model_spec import open_model
    from latentassay.core.observations import fit_layout

    check_outputs(report, json, save)
    seconds, named = parse_seconds(budget), {"space": space, "size": size}
    settings = {name: value for name, value in named.items() if value is not None} | parse_options(model_option)
    opened = open_model(model, settings, trust=trust, command=_trusting_command(model))
    rows = opened.load(data, parse_data_options(option, data, allow_large=allow_large))
    training = opened.load_train(train, data, parse_data_options(option, train, allow_large=allow_large))
    terminal.print_data(rows, out, before=[f"model: {opened.notes}"])
    whole = as_autoencoder(opened.model, rows)
    terminal.print_layout(rows, fit_layout(whole.model, rows), out)
    assumed = [terminal.describe_assumptions(whole.options)] if whole.options else []
    for line in assumed:
        out.print(escape(line))
    stop: la.AssayInterrupted | None = None
    try:
        result = la.assay(
            whole.model,
            rows,
            train=training,
            questions=question or None,
            samples=samples,
            grid=grid,
            precision=precision,
            budget=seconds,
            batch_size=batch_size,
            seed=seed,
            name=opened.name,
        )
    except la.AssayInterrupted as error:
        result, stop = error.assay, error
    result = _with_assumed(result, assumed)
    # All are tried before anything is said: one that can't be written any more must not cost the others.
    failures = write_all((report, result.to_html), (json, result.to_json), (save, result.save))
    out.print(*terminal.verdict(result))
    out.print(escape(f"\n{terminal.describe_cost(result)}\nreport: {report}"))
    if failures:
        raise failures[0]
    if stop is not None:
        cause = str(stop.__cause__ or "") or "interrupted"
        raise KeyboardInterrupt(f"{cause}; what was answered is in {report}") from stop


def _with_assumed(result: "la.Assay", lines: Sequence[str]) -> "la.Assay":
    """Return the result with what was assumed of the model before the assay saw it, for the head of the report."""
    return replace(result, meta=replace(result.meta, assumed=(*lines, *result.meta.assumed)))


def _trusting_command(model: str) -> str | None:
    """Repeat the words that were typed, with trust; ``None`` where the command was called from Python."""
    return shlex.join(["latentassay", *sys.argv[1:], "--trust"]) if model in sys.argv else None
