"""Doors with a planted fault of every kind, and one without."""

import os
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.faults.doors import DOORS, Door
from latentassay.faults.file_runs import FILES, FileCall, file_calls, run_files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and forks")


def prepare(folder):
    np.save(folder / "x", np.zeros((4, 2), np.float32))


def waits(folder):
    return (folder / "x").read_bytes()


def is_deaf(folder):
    import ctypes

    ctypes.pythonapi.usleep(60_000_000)  # holds the lock of Python, and no handler of it runs


def unpickles(folder):
    pickle.loads((folder / "x").read_bytes())
    raise FileError(folder, "was no such file", "F.")


def shows(folder):
    raise FileError(folder, f"holds {(folder / 'x').read_text()}", "F.")


def prints(folder):
    os.write(2, (folder / "x").read_bytes())


def links(folder):
    import h5py

    with h5py.File(folder / "x") as file:
        return file["X"][:]


def is_raw(folder):
    return (folder / "x").read_bytes()[0]


def takes_memory(folder):
    return len(b"a" * (1 << 30))


def leaves_a_part(folder):
    (folder / ".x.abc.part").write_bytes(b"half")


def leaves_a_process(folder):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def ends(folder):
    os._exit(3)


def refuses(folder):
    raise FileError(folder, "is hostile", "F.")


@pytest.mark.parametrize(
    ("ask", "case", "verdict"),
    [
        (waits, "FIFO", "hang"),
        (is_deaf, "text", "hang"),
        (unpickles, "pickle", "canary"),
        (shows, "link to a secret", "secret"),
        (prints, "link to a secret", "secret"),
        (links, "HDF5 over external numbers", "secret"),
        (links, "HDF5 over a link", "secret"),
        (is_raw, "empty", "raw"),
        (takes_memory, "text", "died"),
        (leaves_a_part, "text", "lost"),
        (leaves_a_process, "text", "survivor"),
        (ends, "text", "died"),
        (refuses, "text", "typed"),
        (waits, "text", "value"),
    ],
)
def test_a_planted_fault_is_caught(ask, case, verdict, monkeypatch):
    # A machine that is busy needs long to end what takes too much.
    monkeypatch.setattr("latentassay.faults.file_runs.SECONDS", 5.0 if verdict == "hang" else 20.0)
    monkeypatch.setattr("latentassay.faults.children.GRACE", 2.0)
    begun = time.monotonic()
    outcomes = run_files([FileCall("door", "x", case)], {"door": Door(prepare, ("x",), ask)})
    assert [one.verdict for one in outcomes] == [verdict], outcomes
    assert time.monotonic() - begun < 60


def test_every_file_is_made_and_every_door_is_asked_with_it():
    found = file_calls()
    assert {call.case for call in found} == set(FILES)
    assert {call.door for call in found} <= set(DOORS)
    quick = file_calls(quick=True)
    assert quick == file_calls(quick=True) != file_calls(quick=True, seed=1)
    assert {(call.door, call.file) for call in quick} == {(call.door, call.file) for call in found}


def test_functions_choose_their_doors():
    assert {call.door for call in file_calls(names=["load_run"])} == {"load_run"}
    assert {call.file for call in file_calls(names=["data.own"])} >= {"x.npy", "x.csv"}


def test_valid_files_are_taken_and_hostile_ones_refused():
    chosen = [FileCall("load_run", "manifest.json", case) for case in ("FIFO", "JSON of lists")]
    assert [one.verdict for one in run_files(chosen)] == ["typed", "typed"]
