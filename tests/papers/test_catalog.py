"""``latentassay reproduce``: what it lists, makes, refuses and keeps."""

import importlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import matplotlib.image
import pytest
from typer.testing import CliRunner

from conftest import ROOT
from latentassay.cli.app import app
from latentassay.core.errors import ContractError, InputError
from latentassay.papers import catalog
from latentassay.papers.catalog import collect, experiment, experiments, reproduce
from latentassay.papers.experiment import Options
from latentassay.papers.responses import helix
from latentassay.papers.results import Table, over_seeds
from latentassay.training import load_run

STEM = "responses.helix-smoke"


def invoke(*arguments):
    return CliRunner().invoke(app, ["reproduce", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(helix, "GRID", 40)  # coarser maps are drawn in a tenth of the time
        yield folder, invoke("responses.helix", "--out", folder)


def test_without_a_name_everything_is_listed_with_its_cost():
    for arguments in ((), ("--list",), ("responses.helix", "--list")):
        text = invoke(*arguments).stdout
        assert all(known.name in text and known.summary in text for known in experiments())
        assert all(words in text for known in experiments() for words in known.costs.values())
        assert "about an hour" in text and "columns without files stay empty" in text


def test_the_table_is_printed_and_everything_written(made):
    folder, done = made
    assert done.exit_code == 0, done.output
    assert "manifold path stays" in done.stdout and "scale: smoke" in done.stdout and "seed 0, strand 1" in done.stdout
    names = {f"{STEM}.json", f"{STEM}.html", *(f"{STEM}-figure-{n}.{kind}" for n in (2, 3) for kind in ("png", "svg"))}
    assert {path.name for path in folder.iterdir()} == {*names, "runs"}
    assert all(name in done.stdout.replace("\n", "") for name in names)
    assert Table.from_json(folder / f"{STEM}.json").columns[1] == helix.STAYS
    assert matplotlib.image.imread(folder / f"{STEM}-figure-2.png").shape[1] > 1500
    ET.parse(folder / f"{STEM}-figure-3.svg")
    assert (folder / f"{STEM}.html").read_text("utf-8").count("<svg") == 2


def test_the_same_command_trains_nothing_and_writes_the_same(made, trainings):
    folder = made[0]
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert invoke("responses.helix", "--out", folder).exit_code == 0 and trainings == []
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_names_are_printed_as_they_are(monkeypatch, tmp_path):
    table = Table(
        title="[red]t[/]",
        what="[x]",
        scale={"[b]": "[/]"},
        notes=("[u]n",),
        cells=(over_seeds("[i]row", "[s]column", [0.5], scale="smoke", paper=1),),
    )
    own = experiment("responses.helix")._replace(make=lambda options: table, draw=None)
    monkeypatch.setattr(catalog, "experiments", lambda: (own,))
    done = invoke("responses.helix", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert all(text in done.stdout for text in ("[red]t[/]", "[x]", "[b]", "[u]n", "[i]row", "[s]column", "paper"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("responses.table4",), "did you mean responses.table"),
        (("responses.helix", "--scale", "huge"), "scale must be one of smoke, laptop, paper"),
        (("responses.helix", "--data", "mnist=x"), "needs no files"),
        (("responses.table1", "--data", "mnist"), "NAME=FOLDER"),
        (("responses.table1", "--data", "cars3d=x"), "responses.table1 needs no cars3d; --data may name mnist"),
        (("responses.helix", "--seeds", "0"), "seeds"),
    ],
)
def test_errors_are_short_and_leave_nothing(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke(*arguments)
    assert done.exit_code == 2 and message in " ".join(done.stderr.split()) and not list(tmp_path.iterdir())


def test_experiments_are_found_by_name(tmp_path):
    assert experiment("responses.table2").describe_needs().endswith("hours on a GPU.")
    with pytest.raises(InputError, match=r"did you mean responses\.helix"):
        reproduce("responses.helx", Options("smoke", tmp_path))


def test_experiments_are_those_of_the_papers_folders():
    names = [known.name for known in experiments()]
    assert names == sorted(set(names)) and {name.partition(".")[0] for name in names} == {
        "consistency",
        "geometry",
        "pca",
        "responses",
        "structure",
    }
    assert all({"smoke", "laptop", "paper"} <= set(known.costs) for known in experiments())


def test_documents_name_experiments_and_scales_that_there_are():
    texts = [path.read_text("utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))]
    named = [match for text in texts for match in re.findall(r"reproduce ([a-z]+\.[a-z0-9]+)(?: --scale (\w+))?", text)]
    assert len(named) >= 9
    assert all(not scale or scale in experiment(name).costs for name, scale in named)
    kept = [path.stem.rpartition("-") for path in (ROOT / "docs" / "results").glob("*.*-*.json")]
    assert len(kept) >= 8 and all(scale in experiment(name).costs for name, _, scale in kept)


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "results").glob("*.*-*.json")), ids=lambda path: path.stem)
def test_tables_of_the_documents_are_read(path):
    assert Table.from_json(path).cells


def package(folder, name, **modules):
    """A package of modules, imported."""
    (folder / name).mkdir()
    for module, text in {"__init__": "", **modules}.items():
        (folder / name / f"{module}.py").write_text(text)
    importlib.invalidate_caches()
    return importlib.import_module(name)


RECORD = """
from latentassay.papers.experiment import Experiment
EXPERIMENT = Experiment(name="{}", summary="s", costs={{}}, make=print)
"""


def test_modules_offer_experiments_and_helpers_do_not(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    found = collect(package(tmp_path, "found", b=RECORD.format("x.b"), a=RECORD.format("x.z"), helper="NUMBER = 3"))
    assert [known.name for known in found] == ["x.b", "x.z"]


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"one": "EXPERIMENT = 3"}, r"one\.py: EXPERIMENT must be a .*Experiment, got int"),
        (
            {"one": RECORD.format("x.a"), "two": RECORD.format("x.a")},
            r"two\.py and .*one\.py both call an experiment 'x\.a'; rename one",
        ),
    ],
)
def test_records_that_cannot_be_offered_are_refused_by_file(modules, message, tmp_path, monkeypatch, request):
    monkeypatch.syspath_prepend(tmp_path)
    name = f"refused_{abs(hash(request.node.name))}"
    with pytest.raises(ContractError, match=message):
        collect(package(tmp_path, name, **modules))


def test_an_experiment_that_makes_no_table_is_refused(monkeypatch, tmp_path):
    own = experiment("responses.helix")._replace(make=lambda options: {"cells": ()}, draw=None)
    monkeypatch.setattr(catalog, "experiments", lambda: (own,))
    with pytest.raises(ContractError, match=r"'responses\.helix' must return a Table, got dict"):
        reproduce("responses.helix", Options("smoke", tmp_path))


def test_a_bug_in_a_module_surfaces_as_itself(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_thing"):
        collect(package(tmp_path, "broken", one="import no_such_thing"))


def test_ctrl_c_keeps_what_was_done(tmp_path):
    command = [sys.executable, "-m", "latentassay", "reproduce", "responses.helix", "--scale", "paper", "--seeds", "1"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    run = tmp_path / "runs" / "paper" / "helix-seed0"
    deadline = time.monotonic() + 90
    while not (run / "manifest.json").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "the same command goes on from there" in " ".join(errors.split()) and (run / "plan.json").exists()
    assert 1000 <= load_run(run).step < 5000
