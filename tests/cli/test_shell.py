"""Errors of every command: one line, a code, nothing left behind; the traceback only with ``--debug``."""

import subprocess
import sys

import pytest
from fresh import imported_after
from typer.testing import CliRunner

from latentassay.cli.app import app


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("assay", "nowhere"), 3, "nowhere/manifest.json: does not exist"),
        (("train", "--data", "mnits", "--out", "x"), 2, "did you mean mnist"),
        (("train", "--data", "digits", "--model", "vae", "--out", "x"), 2, "no model is called 'vae'"),
        (("train", "--data", "digits", "--likelihood", "poisson", "--out", "x"), 2, "poisson"),
        (("train", "--data", "digits", "--latents", "0", "--out", "x"), 2, "latents"),
        (("train", "--data", "digits", "--option", "colour=red", "--out", "x"), 2, "colour"),
        (("train", "--data", "none.npy", "--out", "x"), 3, "none.npy"),
        (("data", "info", "cars"), 2, "cars3d"),
        (("data", "fetch", "digits"), 2, "needs no files"),
        (("data", "render", "digits"), 2, "only dsprites and shapes3d"),
        (("demo", "--samples", "1"), 2, "samples"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_errors_are_short_with_a_code_and_leave_nothing(arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    assert message in " ".join(done.stderr.split()) and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_bug_of_ours_is_one_line_and_asks_to_be_reported(monkeypatch):
    monkeypatch.setattr("latentassay.data.entries.ENTRIES", None)
    done = CliRunner().invoke(app, ["data", "list"])
    assert done.exit_code == 1 and done.stderr.startswith("error: unexpected TypeError") and "--debug" in done.stderr


def test_debug_shows_the_traceback(say):
    assert "Traceback" in say("--debug", "assay", "nowhere", code=3)


def test_a_reader_that_leaves_early_is_no_bug_of_ours():
    command = [sys.executable, "-m", "latentassay", "assay", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()  # as `| head` does once it has its lines
        assert process.stderr.read() == "" and process.wait(60) == 1


def test_interruptions_end_with_their_code(monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("rich.table.Table.__init__", lambda *_, **__: interrupt())
    done = CliRunner().invoke(app, ["data", "list"])
    assert done.exit_code == 130 and done.stderr == "error: interrupted\n"


def test_torchs_objects_are_frozen_in_a_process_of_our_own_only():
    code = """
import gc
{before}
from latentassay.cli.shell import load_torch
load_torch()
assert gc.isenabled() and (gc.get_freeze_count() > 50_000) is {frozen}, gc.get_freeze_count()
"""
    assert "torch" in imported_after(code.format(before="", frozen=True))
    imported_after(code.format(before="import torch", frozen=False))
