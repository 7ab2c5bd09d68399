"""The record of an adapter, and what adapters share: classes by name, options by name, frameworks that are missing."""

import sys

import pytest

from latentassay.adapters._adapter import Adapter, call, class_of, packages_of, require
from latentassay.core.errors import InputError

GOOD = {"name": "mine", "packages": ("mine",), "wraps": len}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"name": "My adapter"}, "must be a word such as 'mine', got 'My adapter'"),
        ({"name": None}, "must be a word such as 'mine', got None"),
        ({"packages": "mine"}, r"packages of 'mine' must be a tuple such as \('mine',\), got 'mine'"),
        ({"wraps": None}, "wraps of 'mine' must be a function, got NoneType"),
        ({"takes": ("mine",)}, "takes of 'mine' must be a function, got tuple"),
        ({"opens": "FOLDER", "form": "FOLDER"}, "opens of 'mine' must be a function, got str"),
        ({"opens": open}, "needs both opens and form"),
        ({"form": "FOLDER"}, "needs both opens and form"),
    ],
)
def test_fields_of_another_kind_are_refused(change, match):
    """As outside of tests, where nothing else compares fields with their annotations."""
    adapter = Adapter(**GOOD)
    for name, value in change.items():
        object.__setattr__(adapter, name, value)
    with pytest.raises(InputError, match=match):
        adapter.__post_init__()


def test_what_it_takes():
    assert Adapter(**GOOD).arguments(3) is None
    halves = Adapter(**GOOD, takes=lambda model: tuple(model) if len(model) == 2 else None)
    assert halves.arguments([1, 2]) == (1, 2) and halves.arguments([1]) is None


def test_classes_are_known_by_package_and_name():
    class Mine(InputError):
        pass

    assert packages_of(Mine()) == ["tests" if __name__.startswith("tests") else __name__, "latentassay", "builtins"]
    assert class_of(Mine(), "latentassay") == ["InputError", "LatentAssayError"]
    assert class_of(Mine(), "pythae") == []


def test_options_are_refused_by_name_and_bugs_surface_as_themselves():
    def from_mine(model, *, size=3):
        return model + size

    assert call(from_mine, 1, size=2) == 3
    with pytest.raises(InputError, match="from_mine got an unexpected keyword argument 'colour'; its options are size"):
        call(from_mine, 1, colour="rgb")
    with pytest.raises(TypeError, match="can only concatenate") as caught:
        call(from_mine, "text")
    assert not isinstance(caught.value, InputError)


def test_frameworks_that_are_missing_or_broken(tmp_path, monkeypatch):
    assert require("json.decoder", "nothing").JSONDecoder
    with pytest.raises(InputError, match=r'nowhere_at_all is not installed; pip install "latentassay\[x\]"'):
        require("nowhere_at_all.models", '"latentassay[x]"')
    monkeypatch.setitem(sys.modules, "json", None)
    with pytest.raises(InputError, match="json is not installed"):
        require("json.decoder", "nothing")
    (tmp_path / "half_installed.py").write_text("import its_missing_part")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"half_installed cannot be imported \(No module named 'its_missing_part'\)"):
        require("half_installed", "half")
