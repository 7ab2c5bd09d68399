"""Folders of perturbed data sets: what is damaged, unfinished or of another perturbation is refused."""

import numpy as np
import pytest

from latentassay.core.errors import FileError, InputError
from latentassay.perturbation import dataset as module
from latentassay.perturbation import load_perturbed, uniform_noise


class Killed(BaseException):
    pass


def test_a_folder_of_another_perturbation_is_refused(toy, tmp_path):
    toy.small(toy.grid(), tmp_path / "a")
    before = toy.bytes_of(tmp_path / "a")
    for options, message in (
        ({"eps": 0.2}, "eps 0.1, now 0.2"),
        ({"seed": 1}, "seed 0, now 1"),
        ({"entangled": [toy.vae(9)]}, "entangled"),
        ({"steps": 9}, "steps 8, now 9"),
    ):
        with pytest.raises(InputError, match=f"another perturbation.*{message}"):
            toy.small(toy.grid(), tmp_path / "a", **options)
    with pytest.raises(InputError, match=r"another perturbation.*sha256"):
        toy.small(toy.grid().take(np.arange(100)), tmp_path / "a")
    with pytest.raises(InputError, match=r"another perturbation.*kind manipulation, now noise"):
        uniform_noise(toy.grid(), out=tmp_path / "a")
    assert toy.bytes_of(tmp_path / "a") == before
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "holiday.jpg").touch()
    with pytest.raises(InputError, match=r"other files \(holiday.jpg\)"):
        toy.small(toy.grid(), tmp_path / "b")


@pytest.mark.parametrize("name", ["images.npy", "factors.npy", "network.safetensors"])
def test_damaged_files_are_refused(toy, tmp_path, name):
    toy.small(toy.grid(), tmp_path)
    path = tmp_path / name
    whole = path.read_bytes()
    for payload, message in (
        (whole[:-1], "truncated"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "altered"),
        (b"\x80\x04\x95" + whole[3:], "pickle"),
        (b"", "empty"),
    ):
        path.write_bytes(payload)
        with pytest.raises(FileError, match=message):
            load_perturbed(tmp_path)
        with pytest.raises(FileError, match=message):
            toy.small(toy.grid(), tmp_path)
    path.unlink()
    with pytest.raises(FileError, match="missing"):
        load_perturbed(tmp_path)


def test_damaged_and_foreign_manifests_are_refused(toy, tmp_path):
    toy.small(toy.grid(), tmp_path)
    path = tmp_path / "perturbation.json"
    whole = path.read_text()
    for text, message in (
        ("{", "no manifest"),
        ('{"format": "latentassay-run-1"}', "no manifest"),
        (whole[:-9], "no manifest"),
        (whole.replace('"eps": 0.1', '"eps": 1.5'), "plan.eps"),
        ("<html>", "web page"),
        (whole.replace('"n": 144', '"n": 143'), "its manifest says"),
        (whole.replace('"images.npy"', '"../images.npy"'), "no manifest"),
    ):
        path.write_text(text)
        with pytest.raises(FileError, match=message):
            load_perturbed(tmp_path)
    with pytest.raises(FileError, match="does not exist"):
        load_perturbed(tmp_path / "nowhere")


def test_a_damaged_state_is_refused(toy, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(module, "_perturbed_blocks", lambda *_: (_ for _ in ()).throw(Killed))
        toy.small(toy.grid(), tmp_path)
    (state,) = tmp_path.glob("state-*")
    state.write_bytes(state.read_bytes()[:-5])
    with pytest.raises(FileError, match="truncated"):
        toy.small(toy.grid(), tmp_path)
