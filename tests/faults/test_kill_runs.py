"""Writers with a planted fault, and the library's own."""

import subprocess
import sys
import time

import pytest

from latentassay.faults import kill_runs
from latentassay.faults.kill_runs import fill, kill, meet, run_disks, run_two
from latentassay.faults.writers import Lost, Writer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and forks")


def halves(folder):
    """Write a file in two halves, with time between."""
    (folder / "x").write_bytes(b"half")
    time.sleep(600)


def is_whole(folder):
    if (folder / "x").read_bytes() != b"halfhalf":
        raise Lost("half written")


def leaves_a_part(folder):
    (folder / ".x.abc.part").write_bytes(b"half")


def leaves_a_process(folder):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    time.sleep(600)


def is_content(folder):
    pass


def writes_plainly(folder):
    (folder / "x").write_bytes(bytes(1 << 20))


def is_long(folder):
    if (folder / "x").stat().st_size != 1 << 20:
        raise Lost("half written")


def touches(folder):
    (folder / "x").touch()
    time.sleep(600)


@pytest.mark.parametrize(
    ("writer", "verdict"),
    [
        (Writer(halves, is_whole, goes_on=True), "lost"),
        (Writer(leaves_a_part, is_content), "lost"),
        (Writer(leaves_a_process, is_content, goes_on=True), "survivor"),
        (Writer(touches, is_content, goes_on=True), "value"),
    ],
)
def test_what_a_kill_leaves_is_found(tmp_path, monkeypatch, writer, verdict):
    monkeypatch.setattr(kill_runs, "GRACE", 2.0)
    monkeypatch.setattr(kill_runs, "SECONDS", 10.0)
    assert kill(writer, "SIGKILL", tmp_path)[0] == verdict


def test_a_raw_error_on_a_full_disk_is_found(tmp_path):
    assert fill(Writer(writes_plainly, is_long, is_content), "no room", tmp_path)[0] in ("raw", "lost")


def test_a_second_writer_that_is_not_refused_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(kill_runs, "SECONDS", 3.0)
    assert meet(Writer(touches, is_content, goes_on=True), tmp_path)[0] in ("lost", "hang")


@pytest.mark.parametrize(("name", "word"), [("checkpoint", "SIGKILL"), ("save", "SIGTERM"), ("cache", "SIGINT")])
def test_the_library_loses_nothing_to_kills(tmp_path, name, word):
    assert kill(name, word, tmp_path) == ("value", "")


def test_the_library_refuses_disks_without_room(monkeypatch):
    monkeypatch.setattr(kill_runs, "ON_DISKS", ("save",))
    monkeypatch.setattr(kill_runs, "ROOMS", {"no room": 0})
    monkeypatch.setattr(kill_runs, "QUICK", 1)
    (outcome,) = run_disks(quick=True)
    assert (outcome.axis, outcome.function, outcome.case, outcome.verdict) == (
        "small disks",
        "save",
        "no room",
        "typed",
    )
    assert "No space left on device" in outcome.detail or "File too large" in outcome.detail


def test_the_library_has_one_writer():
    (outcome,) = run_two(quick=True)
    assert outcome.verdict == "typed" and "is being written by process" in outcome.detail
