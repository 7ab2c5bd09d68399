"""``latentassay models``: which models there are, and what one of them is made of."""

from itertools import groupby
from typing import Annotated, Any

import typer
from rich.table import Table

from latentassay.cli.shell import ModelOptions, load_torch, out
from latentassay.cli.text import escape

MANY = 30
"""Models of one origin that are listed in a line where there are more of them, unless all are asked for."""


def models(
    name: Annotated[
        str | None, typer.Argument(help="Say what this one is made of; without it, all are listed.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of pictures; 64, or 128 for models of faces.", min=1)] = None,
    channels: Annotated[int, typer.Option(help="Of pictures.", min=1)] = 3,
    values: Annotated[int | None, typer.Option(help="Vectors of this length instead of pictures.", min=1)] = None,
    latents: Annotated[int | None, typer.Option(help="Number of latents d; what the name says if left out.")] = None,
    option: ModelOptions = [],  # noqa: B006  # typer reads the default, nobody changes it
    everything: Annotated[bool, typer.Option("--all", help="List those of origins with many models, too.")] = False,
) -> None:
    """List the models that can be built by name, with their sizes, or show one layer by layer.

    latentassay models

    latentassay models sae-4 --size 32 --model-option filters=16
    """
    load_torch()
    if name is None:
        _list(size, channels, everything)
    else:
        from latentassay.cli.config import parse_model_options

        shape = (values,) if values else _picture_shape(name, size, channels)
        _show(name, shape, latents, parse_model_options(option))


def _picture_shape(name: str, size: int | None, channels: int) -> tuple[int, ...]:
    from latentassay.models import describe

    side = size or describe(name).side
    return channels, side, side


def _list(size: int | None, channels: int, everything: bool) -> None:
    from latentassay.models import NAMES, describe

    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading in ("name", "networks", "codes", "latents", "parameters", "objective"):
        table.add_column(heading, no_wrap=heading != "networks", justify=_side(heading))
    known = [describe(name) for name in NAMES]
    for origin, group in groupby(known, lambda each: each.origin):
        table.add_row("", f"[bold]{origin}[/]")
        models = list(group)
        if len(models) > MANY and not everything:
            table.add_row(f"{models[0].name} …", f"{len(models)} models; list them with --all")
            continue
        for each in models:
            count = _count(each.name, _picture_shape(each.name, size, channels))
            table.add_row(each.name, each.what, each.codes, str(each.latents), count, objective_of(each.name))
    shape = f"{size}×{size}" if size else "64×64 (of faces: 128×128)"
    out.print(
        table,
        f"\nParameters are for {channels} channels of {shape}. One of them, layer by layer: latentassay models NAME",
    )


def _side(heading: str) -> Any:
    return "right" if heading in ("latents", "parameters") else "left"


def _count(name: str, shape: tuple[int, ...]) -> str:
    """Number of parameters; pictures that a model does not take have none."""
    import torch

    from latentassay.cli.layers import count_parameters
    from latentassay.core.errors import InputError
    from latentassay.models import build

    try:
        with torch.device("meta"):
            return f"{count_parameters(build(name, x_shape=shape)):,}"
    except InputError:
        return "other sizes"


def objective_of(name: str) -> str:
    """Return what the papers train a model with, as ``--objective`` takes it."""
    from latentassay import objectives

    spec = objectives.spec(objectives.published(name)) or {}
    return f"{spec['name']} ({spec['base']['name']})" if "base" in spec else str(spec["name"])


def _show(name: str, shape: tuple[int, ...], latents: int | None, options: dict[str, Any]) -> None:
    import torch

    from latentassay.cli.layers import count_parameters, summarize_layers
    from latentassay.models import VAE, XAutoencoder, build, describe

    known = describe(name)
    model = build(name, x_shape=shape, latents=latents, **options)
    body: VAE = model.body if isinstance(model, XAutoencoder) else model
    chosen = ", ".join(f"{key}={_as_option(options.get(key, default))}" for key, default in known.options.items())
    parts = {"encoder": body.encoder, "decoder": body.decoder}
    sizes = ", ".join(f"{half} {count_parameters(network):,}" for half, network in parts.items())
    lines = {
        "networks": f"{known.what} ({known.origin})",
        "codes": known.codes,
        "latents": model.latent_shape[0],
        "variables": _describe_variables(model.variables),
        "observations": "×".join(map(str, shape)),
        "parameters": f"{count_parameters(model):,} ({sizes})",
        "options": chosen or "none",
        "objective": objective_of(name),
    }
    out.print(f"[bold]{escape(name)}[/]", *(f"{key}: {escape(str(words))}" for key, words in lines.items()), sep="\n")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "layers", "answer", "parameters"):
        table.add_column(heading, justify=_side(heading))
    body.eval()
    for half, x_shape in (("encoder", shape), ("decoder", _decoder_input(model))):
        table.add_row(f"[bold]{half}[/]", "", "×".join(map(str, x_shape)))
        for row in summarize_layers(parts[half], torch.zeros(2, *x_shape)):
            table.add_row("", *row)
    out.print("", table)


def _as_option(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _describe_variables(groups: tuple[tuple[int, ...], ...]) -> str:
    if all(len(group) == 1 for group in groups):
        return f"{len(groups)}, each latent by itself"
    return f"{len(groups)}: " + ", ".join("–".join(str(i) for i in sorted({group[0], group[-1]})) for group in groups)


def _decoder_input(model: Any) -> tuple[int, ...]:
    """Shape of what the decoder's network reads: latents, or causes where there are some."""
    block = getattr(model, "block", None)
    return model.latent_shape if block is None else (block.units * block.size,)
