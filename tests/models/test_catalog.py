"""What the folder of models refuses, and the order it is read in."""

import sys
from types import ModuleType

import pytest

from latentassay import models
from latentassay.core.errors import FileError, InputError
from latentassay.models import catalog
from latentassay.models.family import AE, Family, Recipe
from latentassay.nn.coders import mlp_coders
from latentassay.nn.heads import POINT

RECIPE = Recipe(head=POINT, coders=mlp_coders, about="dense layers", objective=AE)


@pytest.fixture
def folder(monkeypatch):
    """A function that makes the folder hold some modules instead of those it has."""

    def hold(**families):
        modules = [ModuleType(f"{models.__name__}.{name}") for name in families]
        for module, family in zip(modules, families.values(), strict=True):
            module.FAMILY, module.__file__ = family, f"/models/{module.__name__.rpartition('.')[2]}.py"
            monkeypatch.setitem(sys.modules, module.__name__, module)
        infos = [type("Info", (), {"name": name}) for name in families]
        monkeypatch.setattr(catalog.pkgutil, "iter_modules", lambda path: infos)
        return catalog.known_models.__wrapped__()

    return hold


def test_names_are_those_of_all_files_in_the_order_of_their_places(folder):
    one, two = Family("here", {"b": RECIPE, "a": RECIPE}), Family("there", {"c": RECIPE}, place=2)
    known = folder(one=one, two=two)
    assert list(known) == ["c", "b", "a"] and known["a"].origin == "here"


def test_a_name_that_another_file_has_is_refused_with_both_files(folder):
    one, two = Family("here", {"a": RECIPE}), Family("there", {"a": RECIPE})
    with pytest.raises(FileError, match=r"/models/two\.py: names a model 'a', and so does /models/one\.py") as caught:
        folder(one=one, two=two)
    assert caught.value.path.name == "two.py"


@pytest.mark.parametrize("family", [{"a": RECIPE}, Family("here", {"a": mlp_coders})])
def test_a_family_that_is_none_is_refused_with_its_file(folder, family):
    with pytest.raises(FileError, match=r"/models/odd\.py: its FAMILY is no"):
        folder(odd=family)


def test_what_is_known_cannot_be_added_to():
    with pytest.raises(TypeError):
        catalog.known_models()["mine"] = RECIPE


def test_names_keep_their_order():
    assert models.NAMES[:6] == ("ae-mlp", "vae-mlp", "vae-full-mlp", "xae-mlp", "xvae-mlp", "ae-conv-small")
    assert models.NAMES[9] == "ae-hourglass" and models.NAMES[-1] == "xcsae-e-v324" and len(models.NAMES) == 90


def test_an_unknown_name_is_refused_with_near_ones():
    with pytest.raises(InputError, match="no model is called 'sae-5'; did you mean sae-"):
        catalog.find_model("sae-5")
