"""The plan of the house, where a machine can hold it: tests mirror the source, rooms stay small."""

import ast
import statistics
from pathlib import Path

import pytest

from conftest import ROOT

SOURCE = ROOT / "src" / "latentassay"
TESTS = ROOT / "tests"
FILES = sorted(SOURCE.rglob("*.py"))


def lines(path):
    return len(path.read_text("utf-8").splitlines())


def test_rooms_are_small():
    assert max(map(lines, FILES)) <= 400
    assert statistics.median(map(lines, FILES)) <= 150


def where_tested(module):
    """The file that a module's tests are in: of ``a/b.py``, and of ``a/_b.py``, ``tests/a/test_b.py``."""
    place = module.relative_to(SOURCE)
    return TESTS / place.parent / f"test_{place.name.lstrip('_')}"


def is_public(module):
    """Whether a module has a public function or class; one that has only names, or helps others, is tried by theirs."""
    kinds, body = (ast.FunctionDef, ast.ClassDef), ast.parse(module.read_text("utf-8")).body
    public = any(isinstance(node, kinds) and not node.name.startswith("_") for node in body)
    return public and not module.name.startswith("_")


@pytest.mark.parametrize("module", [path for path in FILES if is_public(path)], ids=lambda path: path.stem)
def test_a_module_has_its_tests(module):
    tests = where_tested(module)
    assert tests.is_file() and "def test_" in tests.read_text("utf-8"), f"write {tests.relative_to(ROOT)}"


BESIDES = {
    "adapters/test_contract.py": "one table for all adapters",
    "adapters/test_equivalence.py": "what one network says through every adapter",
    "assay/test_golden.py": "what an assay says must not change by itself",
    "assay/test_planted.py": "defects that any question may find",
    "assay/test_planted_photographs.py": "the same in a trained model",
    "explore/test_browsers.py": "the page in real browsers",
    "metrics/disentanglement/test_agreement.py": "two predictors of one metric, beside what bench/ has recorded",
    "objectives/test_consistent_training.py": "what the objectives of consistency are for",
    "report/test_page.py": "the page in real browsers",
    "report/test_question_figures.py": "pictures of all questions",
    "report/test_sheets.py": "pictures of all questions",
    "spatial/test_page.py": "a page of the documents",
    "truth/test_small.py": "a small part of the bench of planted defects",
}
"""Tests of no module of their own, and what they are of."""


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: path.stem)
def test_a_test_has_its_module(path):
    place = path.relative_to(TESTS)
    folder = SOURCE / place.parent
    if place.parent == Path() or not folder.is_dir() or place.name in ("test_stranger.py", "test_conventions.py"):
        return  # of the package, of documents or laws, of strangers' additions, of what a whole room promises
    if str(place) in BESIDES:
        return
    name = place.name.removeprefix("test_")
    candidates = [folder / name, folder / f"_{name}", folder / "__init__.py" if name == "init.py" else folder / name]
    assert any(map(Path.is_file, candidates)), f"{place} has no module {place.parent / name}; name it like one"


def test_what_is_said_to_be_besides_is_there():
    assert all((TESTS / place).is_file() for place in BESIDES)


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


RAW = {
    "adapters": "the door is made there",
    "faults": "models are spoilt on purpose",
    "models": "a model is made of another",
    "objectives": "a training step",
    "perturbation/game.py": "a training step",
    "truth": "planted worlds, which are made of each other and asked through the door",
}
"""Where an autoencoder may be asked without the guard, and why."""


def asks_raw(source):
    """Lines in which something is encoded or decoded by a method that is given one thing which is no text."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1):
            continue
        is_codec = isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        is_ours = ast.unparse(node.func.value).split(".")[-1] == "sampling"
        if node.func.attr in ("encode", "decode", "decode_std", "decoder_output") and not is_codec and not is_ours:
            yield node.lineno


def test_a_raw_question_is_seen():
    raw = "model.encode(x)\nself.model.decode(z).cpu()\nrun.model.decoder_output(z)"
    assert sorted(asks_raw(raw)) == [1, 2, 3]
    assert not list(
        asks_raw("'é'.encode()\nb'a'.decode('utf-8')\nla.sampling.encode(model, x)\nencode_batch(model, x)")
    )


def test_models_are_asked_through_the_guard():
    raw = {str(path.relative_to(SOURCE)): list(asks_raw(path.read_text("utf-8"))) for path in FILES}
    excused = {place for place in raw for excuse in RAW if place == excuse or place.startswith(f"{excuse}/")}
    assert not {place: lines for place, lines in raw.items() if lines and place not in excused}
    assert all(any(raw[place] for place in raw if place == excuse or place.startswith(f"{excuse}/")) for excuse in RAW)
