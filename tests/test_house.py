"""The plan of the house, where a machine can hold it: tests mirror the source, rooms stay small."""

import statistics

import pytest

from conftest import ROOT

SOURCE = ROOT / "src" / "latentassay"
FILES = sorted(SOURCE.rglob("*.py"))


def lines(path):
    return len(path.read_text("utf-8").splitlines())


def test_rooms_are_small():
    assert max(map(lines, FILES)) <= 400
    assert statistics.median(map(lines, FILES)) <= 150


def test_every_room_has_its_tests():
    modules = [path for path in FILES if path.name != "__init__.py" and path.parent != SOURCE]
    folders = {path.parent.relative_to(SOURCE) for path in modules}
    missing = [str(folder) for folder in folders if not list((ROOT / "tests" / folder).glob("test_*.py"))]
    assert not missing, f"no tests for {missing}"


@pytest.mark.parametrize("words", ["from __future__ import annotations", "pickle.load", "torch.load", "import pickle"])
def test_what_the_house_does_not_do(words):
    assert not [path.name for path in FILES if words in path.read_text("utf-8")]


def test_nothing_is_asserted_of_users():
    assert not [
        path.name
        for path in FILES
        for line in path.read_text("utf-8").splitlines()
        if line.strip().startswith("assert ")
    ]
