"""Folders that scvi-tools saved are pickles: refused without trust, opened with it; scvi-tools is a stand-in."""

import os
import pickle
import sys
from types import ModuleType, SimpleNamespace

import pytest

import latentassay as la
from latentassay.cli.model_spec import open_model


class Canary:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def folder(tmp_path):
    """A hostile one."""
    (tmp_path / "scvi").mkdir()
    (tmp_path / "scvi" / "model.pt").write_bytes(pickle.dumps(Canary(tmp_path / "hatched")))
    return tmp_path / "scvi"


def test_without_trust_it_is_refused_and_never_opened(folder, tmp_path):
    for use in (la.from_scvi, la.wrap, lambda path: open_model(f"scvi:{path}")):
        with pytest.raises(la.FileError, match=r"model\.pt: is a Python pickle.*say --trust on.*SCVI\.load\('.*scvi'"):
            use(folder)
    assert not (tmp_path / "hatched").exists()
    with pytest.raises(la.InputError, match="looks like what scvi opens; name it scvi:"):
        open_model(str(folder))


def test_what_is_missing_is_named(folder, tmp_path):
    for trust in (False, True):
        with pytest.raises(la.FileError, match="does not exist"):
            open_model(f"scvi:{tmp_path / 'none'}", trust=trust)
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(la.FileError, match=r"holds no model\.pt"):
            open_model(f"scvi:{tmp_path / 'empty'}", trust=trust)
    with pytest.raises(la.FileError, match=r"adata\.h5ad: is missing; .*save_anndata=True, or say --model-option"):
        open_model(f"scvi:{folder}", trust=True)


def test_scvi_that_is_not_installed(folder, monkeypatch):
    (folder / "adata.h5ad").touch()
    monkeypatch.setitem(sys.modules, "scvi", None)
    with pytest.raises(la.InputError, match=r'scvi is not installed; pip install "latentassay\[scvi\]"'):
        open_model(f"scvi:{folder}", trust=True)


@pytest.fixture
def fake(monkeypatch):
    """scvi-tools and anndata as far as loading uses them."""

    def put(kind):
        calls = []

        def load(folder, *, adata, accelerator):
            calls.append((folder, adata, accelerator))
            return SimpleNamespace()

        for name in ("scvi", "scvi.model", "anndata"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        made = sys.modules["scvi.model"]
        made.base = SimpleNamespace(BaseModelClass=SimpleNamespace(load_registry=lambda folder: {"model_name": kind}))
        made.SCVI = made.LinearSCVI = SimpleNamespace(load=load)
        sys.modules["anndata"].read_h5ad = str
        return calls

    return put


def test_with_trust_the_class_that_was_saved_is_loaded_beside_its_cells(folder, tmp_path, fake):
    calls = fake("LinearSCVI")
    (folder / "adata.h5ad").touch()
    (tmp_path / "cells.h5ad").touch()
    for options in ({}, {"adata": str(tmp_path / "cells.h5ad")}):
        with pytest.raises(la.ContractError, match="SimpleNamespace is none of scvi-tools' SCVI, LinearSCVI"):
            open_model(f"scvi:{folder}", options, trust=True)
    cells = [str(folder / "adata.h5ad"), str(tmp_path / "cells.h5ad")]
    assert calls == [(str(folder), adata, "cpu") for adata in cells]


def test_another_class_or_a_damaged_file_is_refused(folder, fake):
    (folder / "adata.h5ad").touch()
    fake("TOTALVI")
    with pytest.raises(la.FileError, match=r"is of the class 'TOTALVI'\. Understood are SCVI, LinearSCVI"):
        open_model(f"scvi:{folder}", trust=True)
    fake("SCVI")
    sys.modules["scvi.model"].SCVI = None
    with pytest.raises(la.FileError, match="does not load"):
        open_model(f"scvi:{folder}", trust=True)
