"""``latentassay``: which commands there are, what help and version say, and how fast."""

from typer.testing import CliRunner

import latentassay as la
from latentassay.cli.app import app


def test_help_teaches(run):
    text = run("--help").stdout
    assert "latentassay demo" in text and "Exit codes" in text
    for command in ("train", "assay", "score", "demo", "data", "models"):
        assert command in text and CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_version():
    assert CliRunner().invoke(app, ["--version"]).stdout.strip() == la.__version__
