"""Records in files are read strictly, and what is wrong is named."""

from pathlib import Path

import pytest

from latentassay.core.errors import CheckpointError, FileError
from latentassay.core.records import StrictRecord, parse_record


class Point(StrictRecord):
    x: int
    y: int = 0


def test_what_is_a_record_comes_back():
    assert parse_record(Point, b'{"x": 3}', Path("f"), name="point", fix="") == Point(x=3, y=0)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b'{"x": "3"}', r"is no point \(x: "),
        (b'{"x": 3, "z": 1}', r"is no point \(z: "),
        (b"[]", "is no point"),
        (b"", "is empty"),
        (b"<html>", "is a web page"),
        (b"\x80\x04.", "is a Python pickle"),
    ],
)
def test_what_is_none_is_refused_by_name(payload, words):
    for kind in (FileError, CheckpointError):
        with pytest.raises(kind, match=rf"^f: {words}.*\. Write it again$") as caught:
            parse_record(Point, payload, Path("f"), name="point", fix="Write it again", error=kind)
        assert caught.value.path == Path("f")
