"""The command line as a user meets it: a real process, its exit code, and what it prints."""

import subprocess
import sys

import pytest


def _run(*arguments, cwd=None, timeout=120):
    return subprocess.run(
        [sys.executable, "-m", "latentassay", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
    )


@pytest.fixture(scope="session")
def run():
    """Run the words as a command in a process of its own."""
    return _run


@pytest.fixture(scope="session")
def trained(tmp_path_factory, run):
    """The folder of a small run on digits; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    model = ("--model", "vae-mlp", "--latents", 4, "--steps", 150, "--lr", 0.003)
    done = run("train", "--data", "digits", *model, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "next: latentassay assay" in done.stdout
    return folder
