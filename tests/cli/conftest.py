"""The command line as a user meets it: what it prints, its exit code, and once or twice a process of its own."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from latentassay.cli.app import app


@pytest.fixture(scope="session")
def run():
    """Run the words as a command in a process of its own; that costs seconds, most of them for torch."""

    def run_process(*arguments, cwd=None, timeout=120):
        words = [sys.executable, "-m", "latentassay", *map(str, arguments)]
        return subprocess.run(words, capture_output=True, text=True, cwd=cwd, timeout=timeout)

    return run_process


@pytest.fixture(scope="session")
def say():
    """Run the words as a command in this process; return what it prints on lines as wide as they need, or its error."""

    def invoke(*arguments, code=0, width=200):
        done = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": str(width)})
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.stderr

    return invoke


@pytest.fixture(scope="session")
def trained(tmp_path_factory, say):
    """The folder of a small run on digits; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    model = ("--model", "vae-mlp", "--latents", 4, "--steps", 150, "--lr", 0.003)
    assert "next: latentassay assay" in say("train", "--data", "digits", *model, "--out", folder)
    return folder
