"""``latentassay``: which commands there are, what help and version say, and how fast."""

import pytest
from fresh import HEAVY, TORCH, imported_after
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


RUN = """
from latentassay.cli import main
sys.argv = ["latentassay", *{words}]
try:
    main()
except SystemExit as done:
    assert done.code == {code}, done.code
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["assay", "--help"], 0),
        (["score", "--help"], 0),
        (["train", "--help"], 0),
        (["data", "--help"], 0),
        ([], 2),
        (["frobnicate"], 2),
        (["assay"], 2),
        (["assay", "runs/x", "--nothing"], 2),
        (["train", "--steps", "many"], 2),
        (["data", "lsit"], 2),
    ],
)
def test_help_and_errors_of_usage_come_without_torch(words, code):
    brought = imported_after(RUN.format(words=words, code=code))
    assert "typer" in brought
    assert not brought & (TORCH | HEAVY - {"pydantic"})  # with which newer versions of typer read numbers


def test_the_forms_of_models_are_those_of_the_adapters():
    text = " ".join(CliRunner().invoke(app, ["assay", "--help"], env={"COLUMNS": "300"}).stdout.split())
    for form in ("runs/x: a folder", "diffusers:FOLDER", "onnx:ENCODER.onnx,DECODER.onnx", "package.module:function"):
        assert form in text


@pytest.mark.parametrize("command", ["assay", "models", "reproduce", "score", "train"])
def test_examples_in_help_are_words_that_the_command_takes(command):
    lines = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout.splitlines()
    examples = [line.split() for line in lines if line.strip().startswith(f"latentassay {command}")]
    known = {word for line in lines if line.startswith("│") for word in line.split() if word.startswith("--")}
    assert examples and all(word in known for words in examples for word in words if word.startswith("--"))
