"""Conventions of the code that a machine can hold: long records by name, few arguments by position."""

import ast

import pytest

from tests.test_house import FILES, SOURCE

TREES = {str(path.relative_to(SOURCE)): ast.parse(path.read_text("utf-8")) for path in FILES}
LONG = 6
"""Fields of a record from which it is built by keyword, and most arguments of a function by position."""


THEIRS = {"draw_text"}
"""Methods whose signature is matplotlib's."""


def fields(node):
    return sum(isinstance(line, ast.AnnAssign) for line in node.body)


RECORDS = {
    node.name
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef) and fields(node) >= LONG
}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", "")), node


def test_records_of_many_fields_are_built_by_name():
    assert [
        f"{name}:{call.lineno} {record}"
        for name, tree in TREES.items()
        for record, call in calls(tree)
        if record in RECORDS and len(call.args) >= LONG
    ] == []


def positional(function):
    return sum(argument.arg not in ("self", "cls") for argument in (*function.args.posonlyargs, *function.args.args))


def test_functions_take_few_arguments_by_position():
    assert [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in TREES.items()
        if not name.startswith("cli/")  # typer makes options of what stands there
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and positional(node) > LONG and node.name not in THEIRS
    ] == []


@pytest.mark.parametrize("words", ["# fmt: skip", "# fmt: off"])
def test_the_formatter_has_its_way(words):
    assert [path.name for path in FILES if words in path.read_text("utf-8")] == []
