"""``latentassay train``: models and objectives by name, with their options."""

import json
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

import latentassay as la
from latentassay.cli.app import app


def train(folder, *arguments, code=0):
    command = ["train", "--data", "digits", "--rows", "200", "--steps", "2", "--batch-size", "16", "--out", folder]
    done = CliRunner().invoke(app, [*map(str, command), *map(str, arguments)])
    assert done.exit_code == code, done.output
    return " ".join((done.stdout if code == 0 else done.stderr).split())


def objective(folder):
    return json.loads((folder / "manifest.json").read_text("utf-8"))["objective"]


SMALL = ("--model-option", "filters=8")


def test_a_structural_model_is_trained_with_its_options_and_loads_with_its_variables(tmp_path):
    text = train(tmp_path / "run", "--model", "sae-4", *SMALL, "--model-option", "hidden=16,8", "--latents", 8)
    assert "8 latents in 4 variables; 140 of digits" in text
    model = la.load_run(tmp_path / "run").model
    assert model.variables == ((0, 1), (2, 3), (4, 5), (6, 7)) and model.spec["hidden"] == [16, 8]
    assert objective(tmp_path / "run") == {"name": "ae"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--model", "vae-hourglass"), {"name": "beta-vae", "beta": 1.0}),
        (("--model", "vlae-2", "--beta", 3), {"name": "beta-vae", "beta": 3.0}),
        (("--model", "ae-hourglass", "--objective", "wae"), {"name": "wae"}),
        (("--model", "vae-hourglass", "--objective", "beta-tcvae", "--beta", 4), {"name": "beta-tcvae", "beta": 4.0}),
        (
            ("--model", "vae-hourglass", "--objective", "factor-vae", "--objective-option", "gamma=10"),
            {"name": "factor-vae", "gamma": 10},
        ),
        (
            ("--model", "vae-hourglass", "--objective", "dip-vae", "--objective-option", "kind=ii"),
            {"name": "dip-vae", "kind": "ii"},
        ),
    ],
)
def test_an_objective_is_the_published_one_or_the_one_that_is_named(tmp_path, arguments, expected):
    train(tmp_path / "run", *arguments, *SMALL)
    assert objective(tmp_path / "run").items() >= expected.items()


def test_an_objective_within_another_is_named_by_its_name(tmp_path):
    more = ("--objective", "invariance", "--objective-option", "base=vae", "--objective-option", "weight=2.5")
    train(tmp_path / "run", "--model", "xvae-mlp", *more)
    assert (
        objective(tmp_path / "run")["base"] == {"name": "vae", "kl": "exact"}
        and objective(tmp_path / "run")["weight"] == 2.5
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "sae-12", "--latents", 10), "choose a multiple of 12, such as 12"),
        (("--model", "vae-conv", "--model-option", "filters=8"), "vae-conv takes no option filters"),
        (("--objective", "vea"), "no objective is called 'vea'"),
        (
            ("--objective", "factor-vae", "--objective-option", "weight=3"),
            "factor-vae got an unexpected keyword argument 'weight'; its options are gamma, lr, width",
        ),
        (("--objective-option", "gamma=3"), "--objective-option gamma=… is of an objective; name it with --objective"),
        (("--objective", "ae", "--beta", 2), "objective ae got an unexpected keyword argument 'beta'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, arguments, message):
    assert message in train(tmp_path / "run", *arguments, code=2)
    assert not (tmp_path / "run").exists()


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


def test_a_cluster_that_ends_a_training_keeps_it(tmp_path):
    folder = tmp_path / "run"
    words = ["train", "--data", "digits", "--rows", "200", "--model", "vae-mlp", "--steps", "1000000", "--out", folder]
    command = [sys.executable, "-m", "latentassay", *map(str, words), "--checkpoint-every", "0.2s"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (folder / "manifest.json").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        error = " ".join(process.communicate(timeout=60)[1].split())
    assert (
        process.returncode == 143 and "ended by SIGTERM; the same command goes on in" in error and "--resume" in error
    )
    assert la.load_run(folder).interrupted and not (folder / ".lock").exists()


def test_intervals_that_are_none_are_refused(tmp_path):
    assert "a number of steps such as 500, or a time such as '10min'" in train(
        tmp_path / "run", "--model", "vae-mlp", "--checkpoint-every", "soon", code=2
    )
