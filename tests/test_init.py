"""``import latentassay``: every public name is there, nothing is imported before it is used, the three lists agree."""

import ast
import inspect
from importlib import import_module
from types import ModuleType

import pytest
from fresh import HEAVY, TORCH, imported_after

import latentassay as la

BRINGS_MORE = {"plots", "perturbation", "perturb", "uniform_noise"}
"""Drawing is matplotlib; the folder of a perturbed data set is described by pydantic."""


def seen_by_type_checkers():
    block = next(node for node in ast.parse(inspect.getsource(la)).body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module.removeprefix("latentassay").lstrip(".") for node in imports for alias in node.names}


def test_type_checkers_see_the_names_that_python_finds():
    """A new adapter need not be named for type checkers; those that are must be what Python finds."""
    seen, found = seen_by_type_checkers(), la._NAMES
    adapters = {name for name in found if name.startswith("from_")}
    assert {name: seen[name] for name in seen.keys() - adapters} == {
        name: found[name] for name in found.keys() - adapters
    }
    for name in seen.keys() & adapters:
        assert getattr(import_module(f"latentassay.{seen[name]}"), name) is getattr(la, name)


def test_all_names_what_is_imported_when_used():
    assert set(la.__all__) - {"__version__"} <= set(la._NAMES) and len(set(la.__all__)) == len(la.__all__)
    folders = {name for name, module in la._NAMES.items() if not module}
    assert set(la._NAMES) - folders <= set(la.__all__)


@pytest.mark.parametrize("name", sorted({*la.__all__, *la._NAMES} - {"__version__"}))
def test_a_name_is_what_its_module_holds(name):
    module, value = la._NAMES[name], getattr(la, name)
    if module:
        assert value is getattr(import_module(f"latentassay.{module}"), name) and not isinstance(value, ModuleType)
    else:
        assert value is import_module(f"latentassay.{name}")


def test_unknown_names_are_refused_and_known_ones_listed():
    with pytest.raises(AttributeError, match=r"module 'latentassay' has no attribute 'asay'"):
        la.asay
    assert set(dir(la)) >= {*la.__all__, "__doc__", "__version__"}


def test_a_star_imports_everything_that_is_public():
    space = {}
    exec("from latentassay import *", space)
    assert set(space) >= set(la.__all__) and callable(space["assay"])


FIRST = ["import latentassay.assay.run", "from latentassay.assay import Assay", "la.Assay"]
FORGETTING = """
for first in {}:
    for name in [name for name in sys.modules if name.partition(".")[0] == "latentassay"]:
        del sys.modules[name]
    import latentassay as la
    exec(first)
    assert la.assay.__name__ == "assay" and callable(la.assay), first
"""


def test_assay_is_the_function_whatever_was_imported_before():
    imported_after(FORGETTING.format(FIRST))


def test_the_import_alone_brings_neither_torch_nor_anything_else():
    assert not imported_after("import latentassay") & (HEAVY | TORCH)


def test_errors_are_there_without_torch():
    assert not imported_after("import latentassay as la\nla.InputError, la.FileError") & (HEAVY | TORCH)


def test_all_questions_can_be_named_before_scipy_and_the_rest_are_needed():
    names = [name for name in la.__all__ if name not in BRINGS_MORE]
    brought = imported_after(f"import latentassay as la\nfor name in {names}: getattr(la, name)")
    assert "torch" in brought and not brought & (HEAVY | {"rich", "typer"})
