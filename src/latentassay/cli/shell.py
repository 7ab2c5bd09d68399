"""What every command shares: where it prints, how it fails, and the options that several have."""

import gc
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from latentassay.cli.text import escape
from latentassay.core.errors import FileError, LatentAssayError
from latentassay.core.interrupts import exit_code, raise_on_signals

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
Seed = Annotated[int, typer.Option(help="Fixes everything that is drawn at random.", min=0)]
Options = Annotated[
    list[str],
    typer.Option("--option", metavar="KEY=VALUE", help="Passed to the data's loader, e.g. size=32 or folder=…"),
]
AllowLarge = Annotated[
    bool,
    typer.Option("--allow-large", help="Read files beyond the limits that keep small ones from taking all memory."),
]
ModelOptions = Annotated[
    list[str],
    typer.Option("--model-option", metavar="KEY=VALUE", help="Of the model's name, e.g. filters=16 or hidden=64,64."),
]


class Shell(TyperGroup):
    """Commands that end in one line and an exit code whatever they raise; the traceback only with ``--debug``."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that ``ctx`` names."""
        try:
            with raise_on_signals():
                return super().invoke(ctx)
        except KeyboardInterrupt as error:
            _fail(str(error) or "interrupted", exit_code(error), ctx)
        except LatentAssayError as error:
            _fail(str(error), 3 if isinstance(error, FileError) else 2, ctx)
        except (typer.Abort, BrokenPipeError):  # typer ends these itself, the second where `| head` has read enough
            raise
        except Exception as error:
            if hasattr(error, "exit_code"):  # typer's own: the end of a command, or an error of usage
                raise
            _fail(f"unexpected {type(error).__name__}: {error}; run again with --debug and report it", 1, ctx)


def _fail(message: str, code: int, ctx: Any) -> NoReturn:
    """Print one line and leave with an exit code."""
    if ctx.params["debug"]:
        traceback.print_exc()
    line = " ".join(message.split())
    with suppress(OSError):  # the terminal may have been closed
        err.print(f"[bold red]error:[/] {escape(line)}", soft_wrap=True)
    raise typer.Exit(code)


def late_help(**texts: Callable[[], str]) -> type[TyperCommand]:
    """Make a kind of command that computes the help of some parameters where help is asked for.

    What is known is read from folders and installed packages then, and no other command waits for it.
    """

    class Command(TyperCommand):
        def format_help(self, ctx: Any, formatter: Any) -> None:
            parameters: list[Any] = self.params
            for parameter in parameters:
                if parameter.name in texts:
                    parameter.help = texts[parameter.name]()
            super().format_help(ctx, formatter)

    return Command


def load_torch() -> None:
    """Import torch with less search for garbage; a command does so before it imports what needs torch.

    Torch brings objects by the hundred thousand that live as long as the process. A full search for garbage looks at
    all of them for a tenth of a second, and importing torch and assaying a small model make several: without them the
    command takes a seventh less. Frozen objects are passed over.
    """
    if "torch" in sys.modules:  # in a process of someone else, whose objects are not ours to freeze
        return
    gc.disable()
    try:
        import torch  # noqa: F401
    finally:
        gc.enable()
    gc.freeze()
