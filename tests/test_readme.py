"""What the README shows, works as it stands."""

import json
import re
import shlex

import matplotlib.image
from typer.testing import CliRunner

from conftest import ROOT
from latentassay.cli.app import app
from latentassay.papers import catalog
from latentassay.papers.responses import helix

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_python_examples_run_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert "</html>" in (tmp_path / "report.html").read_text("utf-8")
    assert "TorchPair on observations" in capsys.readouterr().out
    assert names["m"].matrix.shape == (8, 8)


def test_command_line_examples_run_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(helix, "GRID", 40)  # coarser maps, drawn once: what they are like is seen by the papers' tests
    monkeypatch.setattr(catalog, "KINDS", ("png",))
    (block,) = blocks("console")
    for line in block.splitlines():
        dollar, program, *arguments = shlex.split(line)
        done = CliRunner().invoke(app, arguments)
        assert (dollar, program, done.exit_code) == ("$", "latentassay", 0), done.output
    assert (tmp_path / "digits.html").exists() and (tmp_path / "digits.safetensors").exists()


def test_commands_exist_and_the_picture_is_there():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{command}:" in makefile
    assert matplotlib.image.imread(ROOT / "docs" / "report.png").shape[1] >= 800


def test_the_speeds_it_states_are_the_recorded_ones():
    def ratio(name, case):
        cases = json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text())["cases"]
        return next(f"{found['ratio']:.2f} times" for key, found in cases.items() if key.startswith(case))

    for name, case in (("responses", "vae-conv-small"), ("training", "vae-conv-small"), ("training", "vae-mlp")):
        assert ratio(name, case) in README
    found = json.loads((ROOT / "bench" / "results" / "interventions.json").read_text())
    exact = found.pop("100×100 exact field / its passes")["ratio"]
    assert f"exact derivatives {exact:.1f} times" in README
    for name in (key for key in found if key.endswith("authors' way")):
        assert f"{found[name]['ratio']:.2f}" in README, name
    panel = json.loads((ROOT / "bench" / "results" / "metrics.json").read_text())
    spoken = " ".join(README.split())
    ours, theirs = panel["seconds"]["dci"], round(panel["literature's DCI"]["seconds"], -1)
    assert f"takes {ours:.1f} s instead of {theirs:.0f}" in spoken
    assert f"the whole panel {panel['seconds of the whole panel']:.1f} s" in spoken
