"""Folders of MONAI's AutoencoderKL: what is refused needs no MONAI; what loads runs where it is installed."""

import json
import sys

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch.testing import assert_close

import latentassay as la
from latentassay.cli.model_spec import open_model

SMALL = {
    "spatial_dims": 2,
    "in_channels": 1,
    "out_channels": 1,
    "num_res_blocks": 1,
    "channels": [8, 16],
    "attention_levels": [False, False],
    "latent_channels": 3,
    "norm_num_groups": 4,
}


def written(folder, weights=True, **changes):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**SMALL, **changes}))
    if weights:
        save_file({"weight": torch.zeros(2)}, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"_target_": "os.system"}, "is of the class 'os.system'"),
        ({"_target_": ["AutoencoderKL"]}, "is of the class"),
        ({"channels": "$__import__('os').mkdir('hatched')"}, r"has channels = .*expected numbers, true or false"),
        ({"in_channels": "@channels"}, "has in_channels = '@channels', expected numbers"),
        ({"channels": [8, "$print(1)"]}, r"has channels = \[8, .*expected numbers"),
        ({"encoder": {"_target_": "os.system"}}, "has encoder = .*expected numbers"),
    ],
)
def test_configs_that_are_programs_or_of_another_class_are_refused(changes, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(la.FileError, match=match):
        la.from_monai(written(tmp_path / "vae", **changes), x_shape=(1, 16, 16))
    assert not (tmp_path / "hatched").exists()


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("config.json", b"{", "cannot be read"),
        ("config.json", b"[]", "holds no JSON object"),
        ("model.safetensors", b"", "is empty"),
        ("model.safetensors", b"\x08" + bytes(20), "no whole safetensors"),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "pointer of git-lfs"),
    ],
)
def test_files_that_are_damaged_are_refused(name, content, match, tmp_path):
    folder = written(tmp_path / "vae")
    (folder / name).write_bytes(content)
    with pytest.raises(la.FileError, match=match):
        open_model(f"monai:{folder}", {"size": 16})


def test_weights_that_are_missing_or_pickled(tmp_path):
    folder = written(tmp_path / "vae", weights=False)
    with pytest.raises(la.FileError, match=r"model\.safetensors: is missing"):
        la.wrap(folder, x_shape=(1, 16, 16))
    (folder / "model.pt").write_bytes(b"\x80\x04.")
    with pytest.raises(la.FileError, match=r"never loaded\. Where you trust its source, load it yourself and give la"):
        la.wrap(folder, x_shape=(1, 16, 16))


def test_a_bundle_is_told_what_is_missing(tmp_path):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "inference.json").write_text("{}")
    with pytest.raises(la.FileError, match=r"config\.json: does not exist.*Write the arguments of AutoencoderKL"):
        open_model(f"monai:{tmp_path}")


def test_monai_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "monai", None)
    with pytest.raises(la.InputError, match=r'monai is not installed; pip install "latentassay\[monai\]"'):
        open_model(f"monai:{written(tmp_path / 'vae')}")
    with pytest.raises(la.InputError, match=r"looks like what monai opens; name it monai:"):
        open_model(str(tmp_path / "vae"))


@pytest.fixture
def folder(tmp_path):
    nets = pytest.importorskip("monai.networks.nets")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nets.AutoencoderKL(**SMALL)
    save_model(net, str(written(tmp_path / "vae", weights=False, _target_="AutoencoderKL") / "model.safetensors"))
    return tmp_path / "vae", net.eval()


def test_a_folder_loads_as_it_was_saved_and_leaves_randomness_alone(folder):
    path, net = folder
    x, state = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(0)), torch.get_rng_state()
    model = la.wrap(path, x_shape=(1, 16, 16))
    assert torch.equal(state, torch.get_rng_state()) and model.adapter == "MONAI AutoencoderKL"
    assert_close(model.encode(x).mean, net.encode(x)[0])
    opened = open_model(f"monai:{path}", {"size": 16, "scale_factor": 0.5})
    assert_close(opened.model.encode(x).mean, 0.5 * net.encode(x)[0])
    assert opened.name == "vae: MONAI AutoencoderKL, scaled latents"
    assert open_model(f"monai:{path}", {"x_shape": (1, 16, 24)}).model.latent_shape == (3, 8, 12)


def test_what_a_folder_does_not_say_is_asked_for(folder):
    path, _ = folder
    with pytest.raises(la.InputError, match="does not say how large pictures are; say --size 64"):
        open_model(f"monai:{path}")
    with pytest.raises(la.InputError, match="from_monai got an unexpected keyword argument 'space'; its options are"):
        open_model(f"monai:{path}", {"size": 16, "space": "scaled"})
    with pytest.raises(la.InputError, match="scale_factor must be a positive number, got 'half'"):
        open_model(f"monai:{path}", {"size": 16, "scale_factor": "half"})


@pytest.mark.parametrize(("changes", "match"), [({"channels": [8, 32]}, "does not load"), ({"depth": 3}, "'depth'")])
def test_a_config_of_another_model_is_refused(folder, changes, match):
    path, _ = folder
    with pytest.raises(la.FileError, match=match):
        la.wrap(written(path, weights=False, **changes), x_shape=(1, 16, 16))
