"""Folders of pythae's models: what is refused needs no pythae; what loads is in ``test_pythae``."""

import json
import sys

import pytest
import torch
from safetensors.torch import save_file

import latentassay as la
from latentassay.cli.model_spec import open_model


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model_config.json").write_text(json.dumps({"name": "VAEConfig", "latent_dim": 3}))
    save_file({"weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    return tmp_path


def rewritten(folder, text):
    (folder / "model_config.json").write_text(text)


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda f: (f / "model_config.json").unlink(), "does not exist"),
        (lambda f: rewritten(f, "[]"), "holds no JSON object"),
        (lambda f: rewritten(f, '{"name": "os"}'), r"is of a os\. Understood are AE"),
        (
            lambda f: rewritten(f, '{"name": "VAEConfig", "uses_default_decoder": false}'),
            "coders that are not pythae's",
        ),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x08" + bytes(20)), "no whole safetensors"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04."), r"never loaded\. Save it with safetensors"),
        (lambda f: (f / "model.safetensors").unlink(), "is missing"),
        (lambda f: (f / "model.safetensors").rename(f / "model.pt"), r"never loaded\. .*AutoModel\.load_from_folder"),
    ],
)
def test_folders_that_are_refused(folder, spoil, match):
    spoil(folder)
    for use in (la.from_pythae, lambda path: open_model(f"pythae:{path}")):
        with pytest.raises(la.FileError, match=match):
            use(folder)


def test_pythae_that_is_not_installed(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythae", None)
    for use in (la.from_pythae, la.wrap, lambda path: open_model(f"pythae:{path}")):
        with pytest.raises(la.InputError, match=r'pythae is not installed; pip install "latentassay\[pythae\]"'):
            use(folder)
    with pytest.raises(la.InputError, match="looks like what pythae opens; name it pythae:"):
        open_model(str(folder))
