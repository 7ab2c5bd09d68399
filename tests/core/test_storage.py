import io
import pickle

import numpy as np
import pytest
import torch

from latentassay import CheckpointError, FileError
from latentassay.core.storage import kind_of, read_whole, replacing, write_whole


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
    with pytest.raises(FileError, match=r"cannot be read \(Is a directory\)\. Name a file$"):
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
