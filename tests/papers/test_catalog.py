"""``latentassay reproduce``: what it lists, makes, refuses and keeps."""

import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import matplotlib.image
import pytest
from typer.testing import CliRunner

from latentassay.cli.app import app
from latentassay.core.errors import InputError
from latentassay.papers import Table, catalog
from latentassay.papers.catalog import EXPERIMENTS, experiment, reproduce
from latentassay.papers.responses import helix
from latentassay.papers.results import over_seeds
from latentassay.training import load_run

STEM = "responses.helix-smoke"


def invoke(*arguments):
    return CliRunner().invoke(app, ["reproduce", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return folder, invoke("responses.helix", "--out", folder)


def test_without_a_name_everything_is_listed_with_its_cost():
    for arguments in ((), ("--list",), ("responses.helix", "--list")):
        text = invoke(*arguments).stdout
        assert all(known.name in text and known.summary in text for known in EXPERIMENTS)
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
    own = EXPERIMENTS[0]._replace(table=lambda *_, **__: table, draw=None)
    monkeypatch.setattr(catalog, "EXPERIMENTS", (own,))
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
        (("responses.table1", "--data", "cars3d=x"), "no table needs cars3d"),
        (("responses.helix", "--seeds", "0"), "seeds"),
    ],
)
def test_errors_are_short_and_leave_nothing(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke(*arguments)
    assert done.exit_code == 2 and message in " ".join(done.stderr.split()) and not list(tmp_path.iterdir())


def test_experiments_are_found_by_name(tmp_path):
    assert experiment("responses.table2").told.endswith("hours on a GPU.")
    with pytest.raises(InputError, match=r"did you mean responses\.helix"):
        reproduce("responses.helx", scale="smoke", folder=tmp_path)


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
