"""``latentassay train``: a model, a data set and an objective by name."""

from pathlib import Path
from typing import Annotated, Any

import typer

from latentassay.cli.shell import AllowLarge, ModelOptions, Options, Seed, load_torch, out
from latentassay.core.errors import InputError
from latentassay.core.interrupts import Terminated


def train(
    folder: Annotated[Path, typer.Option("--out", help="Folder for the run: checkpoint, metrics, settings.")],
    data: Annotated[
        str,
        typer.Option(
            help="A name from `latentassay data list`, a folder of pictures, or an .npy, .npz, .h5 or .h5ad file."
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="A name from `latentassay models`: vae-conv-small, ae-mlp, sae-12, vlae-4, vae-hourglass, xcvae-i-s …"
        ),
    ] = "vae-conv-small",
    latents: Annotated[int | None, typer.Option(help="Number of latents d; 10, or what the name says.", min=1)] = None,
    model_option: ModelOptions = [],  # noqa: B006  # typer reads the default, nobody changes it
    objective: Annotated[
        str | None,
        typer.Option(
            help="ae, wae, beta-vae, factor-vae, beta-tcvae, dip-vae …; what the paper trains it with if left out."
        ),
    ] = None,
    objective_option: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUE", help="Of the objective, e.g. gamma=40 for factor-vae or kind=ii for dip-vae."
        ),
    ] = [],  # noqa: B006
    beta: Annotated[float | None, typer.Option(help="Weight of the KL term (VAEs); 1 if left out.", min=0)] = None,
    likelihood: Annotated[str, typer.Option(help="bernoulli (data in [0, 1]), gaussian or squared.")] = "bernoulli",
    steps: Annotated[int, typer.Option(help="Optimiser steps in all.", min=1)] = 10_000,
    batch_size: Annotated[int, typer.Option(help="Observations per step.", min=1)] = 128,
    lr: Annotated[float, typer.Option(help="Adam's learning rate.")] = 1e-3,
    rows: Annotated[int | None, typer.Option(help="Use only this many rows, drawn at random.", min=2)] = None,
    option: Options = [],  # noqa: B006
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
    precision: Annotated[str, typer.Option(help="float32, or bf16 for autocast.")] = "float32",
    checkpoint_every: Annotated[
        str, typer.Option(help="Steps, or time, between checkpoints: 500, 90s, 10min, 1h.")
    ] = "1000",
    allow_large: AllowLarge = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
) -> None:
    """Train a model on 70 % of a data set, watching 10 %; 20 % stay unseen for the assay. Ctrl-C saves and stops.

    SIGTERM of a cluster and SIGHUP of a closed connection do so, too.

    latentassay train --data digits --model vae-mlp --latents 4 --steps 2000 --out runs/digits

    latentassay train --data mnist --option size=32 --model vae-conv-small --beta 4 --out runs/mnist

    latentassay train --data shapes3d --model sae-12 --objective wae --out runs/sae-12

    latentassay train --data photos/ --option size=64 --model vae-hourglass --out runs/photos --resume
    """
    load_torch()
    from latentassay import fit, models
    from latentassay.cli import terminal
    from latentassay.cli.config import DataConfig, parse_data_options, parse_model_options, parse_options

    config = DataConfig(
        name=data, options=parse_data_options(option, data, allow_large=allow_large), rows=rows, seed=seed
    )
    parts = config.split()
    terminal.print_data(parts.train, out)
    terminal.print_layout(parts.train, parts.train, out)
    built = models.build(
        model,
        x_shape=parts.train.x_shape,
        latents=latents,
        likelihood=likelihood,
        seed=seed,
        **parse_model_options(model_option),
    )
    loss = _objective(objective, parse_options(objective_option), model, beta)
    size = sum(parameter.numel() for parameter in built.parameters())
    out.print(f"{model}: {size:,} parameters, {_describe_latents(built)}; {len(parts.train):,} of {data} to train on")
    config.write(folder)
    try:
        run = fit(
            built,
            loss,
            parts.train,
            steps=steps,
            batch_size=batch_size,
            lr=lr,
            seed=seed,
            device=device,
            precision=precision,
            validation=parts.validation,
            out=folder,
            resume=resume,
            checkpoint_every=checkpoint_every,
        )
    except Terminated as ended:
        raise KeyboardInterrupt(f"{ended}; the same command goes on in {folder} with --resume") from ended
    last = ", ".join(f"{name} {value:.4g}" for name, value in run.history[-1].items() if name != "step")
    out.print(
        f"step {run.step}: {last}\n{'interrupted after' if run.interrupted else 'trained in'} {run.seconds:.0f} s"
    )
    out.print(f"next: latentassay assay {folder}")
    if run.interrupted:
        raise typer.Exit(130)


def _objective(name: str | None, options: dict[str, Any], model: str, beta: float | None) -> Any:
    """The objective that is asked for, or the one of the paper that the model is from."""
    from latentassay import objectives

    if name is None:
        if options:
            raise InputError(f"--objective-option {next(iter(options))}=… is of an objective; name it with --objective")
        return objectives.published(model, beta=beta)
    if beta is not None:
        options = {"beta": beta, **options}
    if isinstance(base := options.get("base"), str):
        options = {**options, "base": {"name": base}}
    return objectives.build(name, **options)


def _describe_latents(model: Any) -> str:
    latents, variables = model.latent_shape[0], len(model.variables)
    return f"{latents} latents" + (f" in {variables} variables" if variables < latents else "")
