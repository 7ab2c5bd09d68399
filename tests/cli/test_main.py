"""The command line as a user meets it: a real process, its exit code, and what it prints."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import latentassay as la
from latentassay.cli.main import app


def run(*arguments, cwd=None, timeout=120):
    return subprocess.run(
        [sys.executable, "-m", "latentassay", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "run"
    done = run(
        "train",
        "--data",
        "digits",
        "--model",
        "vae-mlp",
        "--latents",
        4,
        "--steps",
        150,
        "--out",
        folder,
        "--lr",
        0.003,
    )
    assert done.returncode == 0, done.stderr
    assert "next: latentassay assay" in done.stdout
    return folder


def test_help_teaches():
    text = run("--help").stdout
    assert "latentassay demo" in text and "Exit codes" in text
    for command in ("train", "assay", "score", "demo", "data", "models"):
        assert command in text and CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_version():
    assert CliRunner().invoke(app, ["--version"]).stdout.strip() == la.__version__


def test_train_then_assay(trained, tmp_path):
    report, kept = tmp_path / "report.html", tmp_path / "a.safetensors"
    done = run("assay", trained, "--report", report, "--save", kept, "--samples", 64, "--grid", 8)
    assert done.returncode == 0, done.stderr
    assert "units are alive" in done.stdout and f"report: {report}" in done.stdout.replace("\n", "")
    assert "</html>" in report.read_text("utf-8")
    assert la.Assay.load(kept).meta["model"] == "run (step 150)"


def test_assay_of_a_users_own_rows(trained, tmp_path):
    np.savez(tmp_path / "mine.npz", x=np.random.default_rng(0).random((64, 1, 8, 8)).astype(np.float32))
    done = run(
        "assay", trained, "--data", tmp_path / "mine.npz", "--report", tmp_path / "r.html", "--samples", 64, "--grid", 8
    )
    assert done.returncode == 0, done.stderr


def test_resume_goes_on(tmp_path):
    base = ["train", "--data", "digits", "--model", "ae-mlp", "--latents", "3", "--out", str(tmp_path / "run")]
    assert CliRunner().invoke(app, [*base, "--steps", "20"]).exit_code == 0
    done = CliRunner().invoke(app, [*base, "--steps", "30", "--resume"])
    assert done.exit_code == 0 and "step 30" in done.stdout, done.output
    assert la.load_run(tmp_path / "run").step == 30


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_run_is_never_mixed_with_another(trained, resume):
    before = {path.name: path.read_bytes() for path in trained.iterdir()}
    command = ["train", "--data", "helix", "--model", "vae-mlp", "--out", str(trained), *resume]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2 and "holds a run on digits" in done.stderr
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before


def test_an_existing_run_is_not_overwritten_without_resume(trained):
    command = ["train", "--data", "digits", "--model", "vae-mlp", "--latents", "4", "--out", str(trained)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 3 and "resume" in done.stderr


def test_ctrl_c_saves_and_says_so(tmp_path):
    folder = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "latentassay",
        "train",
        "--data",
        "digits",
        "--model",
        "vae-mlp",
        "--steps",
        "1000000",
    ]
    process = subprocess.Popen(
        [*command, "--out", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 90
    while not (folder / "manifest.json").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted after" in printed
    assert la.load_run(folder).step > 0


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


def test_debug_shows_the_traceback(tmp_path):
    done = run("--debug", "assay", "nowhere", cwd=tmp_path)
    assert done.returncode == 3 and "Traceback" in done.stderr


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


def test_data_list_names_every_set():
    text = CliRunner().invoke(app, ["data", "list"]).stdout
    assert all(name in text for name in la.data.names())
    assert "CC BY" in CliRunner().invoke(app, ["data", "info", "mnist"]).stdout


@pytest.fixture
def codes_file(tmp_path):
    factors = np.indices((6, 5, 4, 2)).reshape(4, -1).T
    codes = factors + 0.1 * np.random.default_rng(0).normal(size=factors.shape)
    path = tmp_path / "codes.npz"
    np.savez(path, codes=codes, factors=factors, factor_names=np.array(["hue", "size", "shape", "side"]))
    return path


def test_score_prints_every_number_with_its_variant(codes_file, tmp_path):
    done = run(
        "score", codes_file, "--variants", "--resamples", 2, "--save", tmp_path / "panel.json", "--metric", "mig"
    )
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "240 rows, 4 latents, factors hue, size, shape, side; seed 0" in text
    assert "20 equal-count bins" in text and "binning=width" in text and "±" in text
    kept = json.loads((tmp_path / "panel.json").read_text("utf-8"))
    assert {score["name"] for score in kept["scores"]} >= {"mig", "mig[bins=10, binning=width]"}


def test_score_of_a_run_encodes_its_unseen_rows(trained):
    done = run("score", trained, "--rows", 200, "--metric", "mig", "--metric", "dci", "--metric", "linear_probe")
    assert done.returncode == 0, done.stderr
    assert "200 rows, 4 latents" in done.stdout and "left out dci" in done.stdout  # digits have one factor only


def test_score_draws_rows_and_takes_labels_without_names(codes_file, tmp_path):
    with np.load(codes_file) as kept:
        np.savez(tmp_path / "plain.npz", codes=kept["codes"].reshape(240, 2, 2), factors=kept["factors"][:, 0])
    done = run("score", tmp_path / "plain.npz", "--rows", 100, "--metric", "irs")
    assert done.returncode == 0 and "100 rows, 4 latents, factors 0;" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arrays", "code", "message"),
    [
        (None, 3, "the file is missing"),
        ({"z": np.zeros((3, 2))}, 3, "has no array codes or factors, only z"),
        ({"codes": np.zeros((3, 2)), "factors": np.zeros((4, 1), int)}, 2, "must fit"),
        ({"codes": np.zeros((3, 2)), "factors": np.zeros((3, 1), int)}, 2, "no factor varies"),
        ({"codes": np.zeros((8, 2)) * np.nan, "factors": np.arange(8)[:, None] % 2}, 2, "NaN"),
        ({"codes": np.zeros((8, 2)), "factors": np.arange(8)[:, None] % 2 + 0.5}, 2, "integer"),
        ({"codes": np.zeros((3, 2)), "factors": np.eye(3, 2).astype(int), "factor_names": np.array(["a"])}, 2, "names"),
        ({"codes": np.array([{}, {}]), "factors": np.zeros((2, 1), int)}, 3, "Object arrays"),
    ],
)
def test_score_refuses_in_one_line(arrays, code, message, tmp_path):
    path = tmp_path / "some.npz"
    if arrays is not None:
        np.savez(path, **arrays)
    found = CliRunner().invoke(app, ["score", str(path)])
    assert found.exit_code == code, found.output
    assert message in " ".join(found.stderr.split())
