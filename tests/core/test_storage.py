import io
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from latentassay import CheckpointError, FileError
from latentassay.core.processes import Process, this_process
from latentassay.core.storage import (
    check_regular,
    check_writable,
    kind_of,
    open_regular,
    read_json,
    read_whole,
    remove_parts,
    replacing,
    write_whole,
)


def test_a_failure_leaves_the_old_file_and_no_part(tmp_path):
    path = tmp_path / "a" / "b.bin"
    write_whole(path, b"old")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and [p.name for p in path.parent.iterdir()] == ["b.bin"]
    write_whole(path, b"new")
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o644


def test_a_place_that_cannot_be_written_is_named_with_its_fix(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"cannot be written.*fix me"), replacing(tmp_path / "file" / "x", "fix me"):
        pass


def test_a_file_that_cannot_be_read_is_named_with_its_fix(tmp_path):
    write_whole(tmp_path / "a", b"whole")
    assert read_whole(tmp_path / "a", "") == b"whole"
    with pytest.raises(CheckpointError, match=r"b: does not exist\. Get it$"):
        read_whole(tmp_path / "b", "Get it", CheckpointError)
    with pytest.raises(FileError, match=r"is a folder, not a file\. Name a file$"):
        read_whole(tmp_path, "Name a file")


def test_what_damaged_files_look_like():
    stream = io.BytesIO()
    torch.save({"a": torch.zeros(3)}, stream)
    assert "pickle" in kind_of(stream.getvalue()[:512]) and "pickle" in kind_of(pickle.dumps([1], protocol=4))
    assert "web page" in kind_of(b"\n <html>") and kind_of(b"") == "is empty"
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros(3))
    assert kind_of(stream.getvalue()[:512]) is None
    assert kind_of((0x0280).to_bytes(8, "little") + b'{"weight":') is None  # safetensors with a header of 640 bytes


def _fifo(folder):
    os.mkfifo(folder / "file")
    return folder / "file"


def _socket(folder):
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(folder / "file"))
    return folder / "file"


def _link_to_device(folder):
    (folder / "file").symlink_to("/dev/zero")
    return folder / "file"


NOT_FILES = [_fifo, _socket, _link_to_device, lambda folder: Path("/dev/zero"), lambda folder: folder]


@pytest.mark.parametrize("make", NOT_FILES)
def test_only_regular_files_are_read(tmp_path, make):
    path = make(tmp_path)
    for read in (open_regular, check_regular, lambda path: read_whole(path, "F."), lambda path: read_json(path, "F.")):
        with pytest.raises(FileError, match=r"not a file|cannot be read"):
            read(path)


def test_what_cannot_be_opened_is_named(tmp_path):
    for path, cause in ((tmp_path / "no", "does not exist"), (Path("a\0b"), "null"), (Path("a" * 9999), "too long")):
        with pytest.raises(FileError, match=cause):
            open_regular(path)


def test_files_beyond_a_limit_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "hole"
    with path.open("wb") as stream:
        stream.truncate(1 << 43)  # a sparse file takes no room
    with pytest.raises(FileError, match=r"8,796,093,022,208 bytes, and at most"):
        read_whole(path, "F.")
    with pytest.raises(FileError, match="at most 268,435,456"):
        read_json(path, "F.")


@pytest.mark.parametrize(
    ("text", "cause"),
    [("[" * 200_000, "nested too deep"), ("{", "Expecting"), ("[1]", "no JSON object"), ("\udc80", "cannot be read")],
)
def test_json_that_is_none_is_refused(tmp_path, text, cause):
    (tmp_path / "a.json").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(FileError, match=cause):
        read_json(tmp_path / "a.json", "F.")


def test_json_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1]}')
    assert read_json(tmp_path / "a.json", "F.") == {"a": [1]}


def _dead():
    script = "from latentassay.core.processes import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_parts_of_dead_writers_go_and_those_of_live_ones_stay(tmp_path):
    live, far = this_process(), Process(1, 5, "elsewhere")
    for who in (_dead(), live, far, "unowned"):
        (tmp_path / f".a.bin.x1.{who}.part").write_bytes(b"half")
    write_whole(tmp_path / "b", b"whole")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"b", *(f".a.bin.x1.{who}.part" for who in (live, far, "unowned"))}
    remove_parts(tmp_path, unowned=True)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_killed_writer_leaves_a_part_that_the_next_one_removes(tmp_path):
    script = """
import sys, time
from pathlib import Path
from latentassay.core.storage import replacing
with replacing(Path(sys.argv[1])) as part:
    part.write_bytes(bytes(1000))
    print("half", flush=True)
    time.sleep(600)
"""
    path = tmp_path / ("ö" * 120)  # names of files have 255 bytes at most
    writer = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "half\n"
    write_whole(path, b"other")
    assert len(list(tmp_path.iterdir())) == 2
    writer.kill()
    writer.communicate()
    write_whole(path, b"whole")
    assert [found.name for found in tmp_path.iterdir()] == [path.name] and path.read_bytes() == b"whole"


def test_places_that_cannot_be_written_are_found_before(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileError, match=r"is a folder.*Name a file in it"):
        check_writable(tmp_path / "folder")
    with pytest.raises(FileError, match=r"cannot be written: File exists\. Choose"):
        check_writable(tmp_path / "file" / "x")
    with pytest.raises(FileError, match="cannot be written"):
        check_writable(Path("/proc/x"))
    check_writable(tmp_path / "file")
    check_writable(tmp_path / "new" / "x")
    assert (tmp_path / "file").read_bytes() == b"old" and not list((tmp_path / "new").iterdir())


def test_a_disk_without_room_is_found_before(tmp_path):
    script = """
import resource, sys
from pathlib import Path
from latentassay.core.storage import check_writable
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
check_writable(Path(sys.argv[1]))
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "x")], capture_output=True, text=True)
    assert "FileError" in done.stderr and "x: cannot be written: File too large. Choose another place" in done.stderr
    assert not list(tmp_path.iterdir())
