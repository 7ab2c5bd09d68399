"""``latentassay score``: codes and factors from a file, or the unseen rows of a run, scored against known factors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentassay.cli.outputs import check_outputs
from latentassay.cli.shell import AllowLarge, Seed, load_torch, out
from latentassay.cli.text import escape

if TYPE_CHECKING:
    from latentassay.metrics import Table


WRITE = "Write it with np.savez('codes.npz', codes=codes, factors=factors)."
"""How codes and factors come into a file."""


def _list(wanted: bool) -> bool:
    """List the metrics and leave; read from their files here, so that ``--help`` needs none of them."""
    if wanted:
        from latentassay.cli.terminal import metrics_table
        from latentassay.metrics.catalog import code_metrics

        out.print(metrics_table(code_metrics().values()))
        raise typer.Exit
    return wanted


def score(
    source: Annotated[
        Path,
        typer.Argument(
            help="An .npz file with codes (rows, latents) and integer factors (rows, factors), e.g. from "
            "np.savez('codes.npz', codes=…, factors=…); a .csv with columns of numbers and of "
            "labels; or a folder that `latentassay train` made, whose unseen rows "
            "are encoded."
        ),
    ],
    metric: Annotated[
        list[str],
        typer.Option(
            "--metric", metavar="NAME", help="Only this one of --list; may be repeated. All of a panel if left out."
        ),
    ] = [],  # noqa: B006  # typer reads the default, nobody changes it
    listed: Annotated[
        bool,
        typer.Option("--list", callback=_list, is_eager=True, help="List the metrics, their formulas and sources."),
    ] = False,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also what else the field quotes under the same names.")
    ] = False,
    rows: Annotated[int, typer.Option(help="Rows to use, drawn at random if there are more.", min=2)] = 15_000,
    resamples: Annotated[
        int, typer.Option(help="Random halves for 95 % intervals, e.g. 20; each costs half a panel.", min=0)
    ] = 0,
    save: Annotated[Path | None, typer.Option(help="Also write everything as JSON.")] = None,
    allow_large: AllowLarge = False,
    seed: Seed = 0,
) -> None:
    """Score codes against known factors: MIG, DCI, SAP, IRS and the rest, each with the variant it is.

    The field's scores differ between libraries by factors, so every number says what it is: bins, predictor, split,
    normaliser. docs/which-variant.md tells what other libraries do.

    latentassay score codes.npz --resamples 20

    latentassay score runs/mnist --metric mig --metric dci --variants
    """
    load_torch()
    from latentassay import metrics
    from latentassay.cli.terminal import panel

    check_outputs(save)
    table = codes_and_factors(source, rows=rows, seed=seed, allow_large=allow_large)
    scores = metrics.score(
        table.codes, table.factors, metrics=metric or None, variants=variants, resamples=resamples, seed=seed
    )
    out.print(
        f"\n{table.n:,} rows, {table.codes.shape[1]} latents, factors {escape(', '.join(table.names))}; seed {seed}\n",
        panel(scores),
    )
    for note in scores.notes:
        out.print(escape(note), soft_wrap=True)
    for name, why in scores.left_out.items():
        out.print(f"[yellow]left out[/] {escape(name)}: {escape(why)}")
    if save is not None:
        scores.save(save)
        out.print(f"\nwritten: {escape(str(save))}", soft_wrap=True)


def codes_and_factors(source: Path, *, rows: int, seed: int = 0, allow_large: bool = False) -> "Table":
    """Read codes and factors from an ``.npz`` file, or encode the unseen rows of a run; ``rows`` of them at most.

    The file holds ``codes`` (n, latents), integer ``factors`` (n, factors), and ``factor_names`` if they have names;
    factors that never vary are left out.

    Raises:
        FileError: the file or run is missing, damaged or of another kind.
        InputError: its arrays do not fit, or no factor varies.
    """
    from latentassay import load_run
    from latentassay.cli.config import read_data_config
    from latentassay.cli.terminal import print_layout
    from latentassay.core.observations import fit_layout
    from latentassay.metrics import encode_table

    if source.is_dir():
        model, unseen = load_run(source).model, read_data_config(source).split().test
        fitted = fit_layout(model, unseen)
        print_layout(unseen, fitted, out)
        return encode_table(model, fitted, n=rows, seed=seed)
    return _read_file(source, rows, seed, allow_large)


def _read_file(path: Path, rows: int, seed: int, allow_large: bool) -> "Table":
    import numpy as np

    from latentassay.core.errors import FileError, InputError
    from latentassay.data.formats import npz_names, read_npz
    from latentassay.data.limits import FACTOR_LIMIT

    if path.suffix.lower() in (".csv", ".tsv"):
        return _read_text(path, rows, seed, allow_large)
    if path.suffix.lower() != ".npz" and path.exists():
        raise FileError(path, f"is no .npz, .csv or .tsv file but {path.suffix or 'without an ending'}", WRITE)
    present = npz_names(path)
    if missing := [name for name in ("codes", "factors") if name not in present]:
        raise FileError(path, f"has no array {' or '.join(missing)}, only {', '.join(present) or 'nothing'}", WRITE)
    codes = read_npz(path, "codes", allow_large=allow_large)
    factors = read_npz(path, "factors", limit=FACTOR_LIMIT, allow_large=allow_large)
    if factors.ndim == 1:  # labels
        factors = factors[:, None]
    if codes.ndim < 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise InputError(f"codes (n, latents) and factors (n, factors) must fit, got {codes.shape}, {factors.shape}")
    names = np.arange(factors.shape[1])
    if "factor_names" in present:
        names = read_npz(path, "factor_names", limit=FACTOR_LIMIT, allow_large=allow_large)
    if names.shape != factors.shape[1:]:
        raise InputError(f"factor_names must be {factors.shape[1]} names, got an array of shape {names.shape}")
    return _as_table(codes, factors, names, path, rows, seed)


def _read_text(path: Path, rows: int, seed: int, allow_large: bool) -> "Table":
    """Codes and factors of a table as text: columns of numbers and columns of labels."""
    from latentassay.core.errors import FileError
    from latentassay.data.tables import read_table

    table = read_table(path, allow_large=allow_large)
    if not table.factor_names:
        fix = "Call columns of labels label or factor…, or write an .npz with np.savez(path, codes=…, factors=…)."
        raise FileError(path, f"has no column of labels among {', '.join(table.names)}", fix)
    out.print(escape(table.notes[0]), soft_wrap=True)
    return _as_table(table.numbers, table.factors, table.factor_names, path, rows, seed)


def _as_table(codes: Any, factors: Any, names: Any, path: Path, rows: int, seed: int) -> "Table":
    """Rows drawn, labels numbered, constant factors left out."""
    import numpy as np

    from latentassay.core.errors import InputError
    from latentassay.core.labels import encode_labels
    from latentassay.metrics import Table

    index = np.arange(len(codes))
    if rows < len(codes):
        index = np.sort(np.random.default_rng(seed).choice(len(codes), rows, replace=False))
    codes_of_factors = encode_labels(factors).codes
    varying = np.flatnonzero((codes_of_factors[index] != codes_of_factors[index[:1]]).any(0))
    if not len(varying):
        raise InputError(f"no factor varies among {len(index)} rows of {path}")
    flat = codes[index].reshape(len(index), -1)
    return Table(flat, codes_of_factors[index][:, varying], tuple(str(names[m]) for m in varying), index, len(index))
