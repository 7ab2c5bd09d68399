"""``latentassay explore``: one HTML file in which the latent space of a model is moved by hand."""

from pathlib import Path
from typing import Annotated

import typer

from latentassay.cli.outputs import check_outputs
from latentassay.cli.shell import AllowLarge, Options, Seed, load_torch, out
from latentassay.cli.text import escape


def explore(
    model: Annotated[str, typer.Argument(help="runs/x, ADAPTER:FILES or package.module:function.")],
    data: Annotated[
        str | None,
        typer.Option(help="Data as `latentassay assay` takes them. A run has its own: the rows it has not seen."),
    ] = None,
    option: Options = [],  # noqa: B006  # typer reads the default, nobody changes it
    model_option: Annotated[
        list[str], typer.Option(metavar="KEY=VALUE", help="Passed to the model's adapter, e.g. space=scaled.")
    ] = [],  # noqa: B006
    trust: Annotated[
        bool, typer.Option("--trust", help="Import and run the code that package.module:function is, and open pickles.")
    ] = False,
    assay: Annotated[
        Path | None,
        typer.Option(help="What `latentassay assay --save` kept of this model; what is needed is measured otherwise."),
    ] = None,
    page: Annotated[Path, typer.Option("--out", help="Where the HTML page goes.")] = Path("explore.html"),
    budget: Annotated[str, typer.Option(help="Time for the assay and the walks, about: 60s, 2m, 90.")] = "45s",
    allow_large: AllowLarge = False,
    seed: Seed = 0,
) -> None:
    """Write a page on which sliders, clicks and walks move a latent, and the browser decodes it at once.

    The page is one file: it opens from a disk, without a server or a network.

    latentassay explore runs/mnist

    latentassay explore runs/mnist --assay mnist.safetensors --out mnist-explorer.html
    """
    load_torch()
    import latentassay as la
    from latentassay.cli.config import parse_data_options, parse_options, parse_seconds
    from latentassay.cli.model_spec import open_model

    check_outputs(page)
    seconds = parse_seconds(budget)
    opened = open_model(model, parse_options(model_option), trust=trust)
    rows = opened.load(data, parse_data_options(option, data, allow_large=allow_large))
    kept = None if assay is None else la.Assay.load(assay)
    written = la.explore(opened.model, rows, result=kept, path=page, name=opened.name, seed=seed, budget=seconds)
    out.print(escape(f"explorer: {page} ({len(written) / 1e6:.1f} MB)"), soft_wrap=True)
