import json
import os
import subprocess
import sys
import threading

import pytest

from latentassay import CheckpointError, FileError
from latentassay.core import locks
from latentassay.core.locks import LOCK, sole_writer
from latentassay.core.processes import this_process

HOLDER = """
import sys
from pathlib import Path
from latentassay.core.locks import sole_writer
with sole_writer(Path(sys.argv[1]), "F."):
    print("held", flush=True)
    input()
"""


def hold(folder):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.mark.parametrize("system", [True, False], ids=["locks of the system", "none"])
def test_a_folder_has_one_writer_until_it_dies(tmp_path, monkeypatch, system):
    if not system:
        monkeypatch.setattr(locks, "fcntl", None)
    holder = hold(tmp_path)
    who = rf"process {holder.pid} on \w+ since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\. Wait\.$"
    with (
        pytest.raises(CheckpointError, match=f"is being written by {who}"),
        sole_writer(tmp_path, "Wait.", CheckpointError),
    ):
        pass
    holder.kill()
    holder.communicate()
    assert (tmp_path / LOCK).exists()  # the dead cannot remove it
    with sole_writer(tmp_path, "Wait."):
        assert json.loads((tmp_path / LOCK).read_text())["process"] == str(this_process())
    assert not list(tmp_path.iterdir())


def test_two_threads_are_two_writers(tmp_path):
    refusals = []

    def enter():
        try:
            with sole_writer(tmp_path, "Wait."):
                pass
        except FileError as error:
            refusals.append(str(error))

    with sole_writer(tmp_path, "Wait."):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert len(refusals) == 1 and f"process {os.getpid()} " in refusals[0]


def test_a_damaged_lock_of_nobody_is_taken(tmp_path, monkeypatch):
    for damage in (b"", b"\xff", b"[]", b'{"process": 3}'):
        (tmp_path / LOCK).write_bytes(damage)
        with sole_writer(tmp_path, "Wait."):
            pass
    monkeypatch.setattr(locks, "fcntl", None)
    (tmp_path / LOCK).write_bytes(b"{")
    with sole_writer(tmp_path, "Wait."):
        pass


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(FileError, match="cannot be written"), sole_writer(tmp_path / "no" / "x", "F."):
        pass
