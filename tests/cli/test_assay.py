"""``latentassay assay``: a run, its own data or the user's, and what is refused."""

import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import latentassay as la
from latentassay.cli.app import app


def test_train_then_assay(run, trained, tmp_path):
    report, kept = tmp_path / "report.html", tmp_path / "a.safetensors"
    done = run("assay", trained, "--report", report, "--save", kept, "--samples", 64, "--grid", 8)
    assert done.returncode == 0, done.stderr
    assert "units are alive" in done.stdout and f"report: {report}" in done.stdout.replace("\n", "")
    assert "</html>" in report.read_text("utf-8")
    assert la.Assay.load(kept).meta.model == "run (step 150)"


def test_assay_of_a_users_own_rows(say, trained, tmp_path):
    np.savez(tmp_path / "mine.npz", x=np.random.default_rng(0).random((64, 1, 8, 8)).astype(np.float32))
    report, few = tmp_path / "r.html", ("--samples", 64, "--question", "units")
    said = say("assay", trained, "--data", tmp_path / "mine.npz", "--report", report, *few)
    assert "mine, 64 rows of 1×8×8" in said and "</html>" in report.read_text("utf-8")


def test_a_damaged_run_is_refused(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)

    def refused():
        done = CliRunner().invoke(app, ["assay", "run"])
        assert done.exit_code == 3 and not (tmp_path / "report.html").exists()
        return done.stderr

    (folder / "data.json").write_text(json.dumps({"name": "digits", "options": {"run": ["rm"]}}))
    assert "damaged" in refused()
    (folder / "data.json").unlink()
    assert "does not say what it was trained on" in refused()
    shutil.copy(trained / "data.json", folder)
    checkpoint = next(folder.glob("*.safetensors"))
    checkpoint.write_bytes(checkpoint.read_bytes()[:-10])
    assert "truncated" in refused()
    torch.save({"a": 1}, checkpoint)
    assert "pickle" in refused()


def test_training_rows_are_a_runs_own_or_named(say, trained, tmp_path):
    report, few = tmp_path / "r.html", ("--samples", 64, "--question", "generalisation")
    rows = np.random.default_rng(0).random((128, 1, 8, 8)).astype(np.float32)
    np.save(tmp_path / "seen.npy", rows)
    np.save(tmp_path / "mine.npy", rows[:64])
    assert "training rows" in say("assay", trained, "--report", report, *few)
    named = ("--data", tmp_path / "mine.npy", "--train", tmp_path / "seen.npy")
    assert "100" in say("assay", trained, *named, "--report", report, *few)


SERIES = """
import torch

W = torch.linalg.qr(torch.randn(12, 2, generator=torch.Generator().manual_seed(0)))[0]

class Series(torch.nn.Module):
    def encode(self, x):
        mean = x.flatten(1) @ W
        return mean, torch.full_like(mean, -6.0)

    def decode(self, z):
        return (z @ W.T).reshape(-1, 4, 3)
"""


def test_a_series_and_a_class_of_ones_own_are_taken_as_they_are(say, tmp_path, monkeypatch):
    (tmp_path / "series_model.py").write_text(SERIES)
    monkeypatch.chdir(tmp_path)
    np.save("series.npy", np.random.default_rng(0).normal(size=(200, 4, 3)).astype(np.float32))
    words = ("--data", "series.npy", "--samples", 64, "--grid", 8, "--budget", 10, "--report", "r.html")
    said = say("assay", "series_model:Series", "--trust", *words)
    assert "data: passed as 4×3, which the model takes" in said and "UserWarning" not in said
    options = "--model-option latent_shape=2 --model-option output=mean_logvar --model-option prior=normal"
    assert f"model: assumed is {options};" in said
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "could not be drawn" not in page
    head = page[page.index("<h1") : page.index("<section")]
    assert f"model: assumed is {options};" in head and "data: passed as 4×3, which the model takes" in head
    said = say("assay", "series_model:Series", "--trust", *options.split(), "--question", "units", *words)
    assert "assumed" not in said and "2 of 2 units are alive" in said
    assert "model: assumed" not in (tmp_path / "r.html").read_text("utf-8")


WAITING = """
import sys, time
from latentassay.assay import rounds
from latentassay.cli.app import app
timed, asked = rounds._timed, []

def wait_at_the_third(question, context):
    asked.append(question.key)
    if len(asked) == 3:
        print("third", flush=True)
        time.sleep(600)
    return timed(question, context)

rounds._timed = wait_at_the_third
app()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_was_answered(trained, tmp_path, number, code):
    report, found, kept = tmp_path / "r.html", tmp_path / "r.json", tmp_path / "r.safetensors"
    words = ["assay", trained, "--report", report, "--json", found, "--save", kept, "--samples", 64, "--grid", 8]
    command = [sys.executable, "-c", WAITING, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.stdout.readline() != "third\n":
            assert process.poll() is None, process.stderr.read()
        process.send_signal(number)
        said, error = process.communicate(timeout=60)
    assert process.returncode == code, error
    result = la.Assay.load(kept)
    assert (
        result["interrupted"]
        .findings[0]
        .sentence.startswith(
            "The assay was interrupted. Not reached:" if code == 130 else "The assay was ended by SIGTERM. Not reached:"
        )
    )
    assert len(result.sections) > 1 and "Not reached" in said and "; what was answered is in" in " ".join(error.split())
    assert f"error: {'interrupted' if code == 130 else 'ended by SIGTERM'};" in error
    assert "Not reached" in report.read_text("utf-8") and "Not reached" in found.read_text("utf-8")


def test_a_full_disk_at_the_end_costs_only_what_does_not_fit(trained, tmp_path):
    limited = """
import resource
from latentassay.assay.result import Assay
from latentassay.cli.app import app
html = Assay.to_html

def fill(self, path=None):  # after everything has been measured
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))
    try:
        return html(self, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))

Assay.to_html = fill
app()
"""
    report, found = tmp_path / "r.html", tmp_path / "r.json"
    words = ["assay", trained, "--report", report, "--json", found, "--samples", 64, "--question", "units"]
    done = subprocess.run([sys.executable, "-c", limited, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 3 and "cannot be written: File too large" in " ".join(done.stderr.split())
    assert "alive" in done.stdout and json.loads(found.read_text())["findings"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json"]
