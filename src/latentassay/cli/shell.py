"""What every command shares: where it prints, how it fails, and the options that several have."""

import functools
import traceback
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from latentassay.core.errors import FileError, LatentAssayError

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
settings: dict[str, Any] = {"debug": False, "trusting": None}
Seed = Annotated[int, typer.Option(help="Fixes everything that is drawn at random.", min=0)]
Options = Annotated[
    list[str],
    typer.Option("--option", metavar="KEY=VALUE", help="Passed to the data's loader, e.g. size=32 or folder=…"),
]
ModelOptions = Annotated[
    list[str],
    typer.Option("--model-option", metavar="KEY=VALUE", help="Of the model's name, e.g. filters=16 or hidden=64,64."),
]


def model_options(words: list[str]) -> dict[str, Any]:
    """Read options of ``models.build``: as ``parse_options`` does, and layer widths such as ``64,64`` as tuples."""
    from latentassay.cli.config import parse_options

    found = parse_options(words)
    for key, value in found.items():
        parts = str(value).split(",")
        if (len(parts) > 1 or "hidden" in key) and all(part.strip().isdigit() for part in parts):
            found[key] = tuple(map(int, parts))
    return found


def taught(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what a command raises into one line and an exit code; the traceback only with ``--debug``."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            fail("interrupted", 130)
        except LatentAssayError as error:
            fail(str(error), 3 if isinstance(error, FileError) else 2)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            fail(f"unexpected {type(error).__name__}: {error}; run again with --debug and report it", 1)

    return run


def fail(message: str, code: int) -> None:
    """Print one line and leave with an exit code."""
    if settings["debug"]:
        traceback.print_exc()
    line = " ".join(message.split())
    err.print(f"[bold red]error:[/] {escape(line)}", soft_wrap=True)
    raise typer.Exit(code)
