"""Errors say what, why and what to do, are of one family, and go from one process to another."""

import pickle
from pathlib import Path

import pytest

import latentassay as la
from latentassay.core.errors import (
    CheckpointError,
    ContractError,
    FileError,
    InputError,
    LatentAssayError,
    TrainingError,
    first_line,
)
from latentassay.core.text import printable


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [(InputError, ValueError), (ContractError, TypeError), (TrainingError, ArithmeticError), (FileError, Exception)],
)
def test_all_are_of_one_family_and_of_the_languages_kind(kind, builtin):
    assert issubclass(kind, LatentAssayError) and issubclass(kind, builtin)
    assert getattr(la, kind.__name__) is kind


@pytest.mark.parametrize("kind", [FileError, CheckpointError])
def test_an_error_of_a_file_keeps_its_parts_when_it_is_sent(kind):
    error = kind("runs/a", "is truncated", "Train again.")
    assert str(error) == "runs/a: is truncated. Train again."
    sent = pickle.loads(pickle.dumps(error))
    assert type(sent) is kind and str(sent) == str(error)
    assert (sent.path, sent.cause, sent.fix) == (Path("runs/a"), "is truncated", "Train again.")


def test_the_first_line_of_a_message_is_quoted_or_the_type_where_there_is_none():
    assert first_line(ValueError("  one\ntwo")) == "one"
    assert first_line(KeyError()) == "KeyError"


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\u202eb", "a\udcffb", "a\x07b", "a\x9bb"])
def test_what_an_error_says_steers_no_terminal(name):
    for error in (
        InputError(name),
        ContractError(name),
        FileError(name, "is called oddly", "Rename it."),
        CheckpointError(name, name, name),
    ):
        said = str(error)
        said.encode()
        assert printable(said) == said and name not in said
    assert FileError(name, "x", "y").path == Path(name)
