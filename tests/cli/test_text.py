"""What users and files call things is printed, not obeyed."""

from io import StringIO

from rich.console import Console
from typer.testing import CliRunner

from latentassay.cli.app import app
from latentassay.cli.text import escape


def test_neither_markup_nor_codes_are_obeyed():
    file = StringIO()
    Console(file=file).print(escape("[red]a[/] \x1b[31mb \u202ec"))
    assert file.getvalue() == "[red]a[/] \\x1b[31mb \\u202ec\n"


def test_a_name_with_codes_in_an_error_is_escaped():
    done = CliRunner().invoke(app, ["data", "info", "\x1b[2J\u202enames"])
    assert done.exit_code == 2 and "\x1b" not in done.stderr and "\u202e" not in done.stderr
    assert r"\x1b[2J" in done.stderr
