"""A run folder that was damaged, exchanged or tampered with is refused by name, and never unpickled."""

import hashlib
import json
import pickle
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save

from latentassay.core.errors import CheckpointError
from latentassay.training import load_run


@pytest.fixture
def run(lab, tmp_path):
    return lab.train(lab.make(), 3, tmp_path / "run")


def checkpoint_of(run):
    (file,) = run.path.glob("checkpoint-*")
    return file


def test_training_imports_without_pydantic():
    script = "import sys; sys.modules['pydantic'] = None; import latentassay.training"
    subprocess.run([sys.executable, "-c", script], check=True)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def cut(payload):
    return payload[: len(payload) // 2]


def flip(payload):
    return payload[:-9] + bytes([payload[-9] ^ 1]) + payload[-8:]


DAMAGES = {
    "truncated": (cut, "truncated"),
    "bit-flipped": (flip, "sha256"),
    "empty": (lambda payload: b"", "is empty"),
    "page": (lambda payload: b"\n<!DOCTYPE html><html>Sign in</html>", "web page"),
    "pickle": (lambda payload: pickle.dumps(Bomb()), "pickle"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("act", ["load", "resume"])
def test_damaged_tensors(run, lab, damage, act):
    change, message = DAMAGES[damage]
    file = checkpoint_of(run)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(CheckpointError, match=message) as caught:
        load_run(run.path) if act == "load" else lab.train(lab.make(), 6, run.path, resume=True)
    assert caught.value.path == file and caught.value.fix


MANIFESTS = {
    "truncated": (cut, "no manifest"),
    "empty": (lambda payload: b"", "is empty"),
    "page": (lambda payload: b"<html></html>", "web page"),
    "pickle": (lambda payload: pickle.dumps(Bomb()), "pickle"),
    "list": (lambda payload: b"[1, 2]", "no manifest"),
    "not utf-8": (lambda payload: b"\xff\xfe\x00", "no manifest"),
    "unknown field": (lambda payload: payload.replace(b'"step"', b'"extra": 1, "step"'), "extra"),
    "number as text": (lambda payload: payload.replace(b'"step": 3', b'"step": "3"'), "step"),
    "file elsewhere": (lambda payload: payload.replace(b"checkpoint-", b"../checkpoint-"), "file"),
    "negative": (lambda payload: payload.replace(b'"step": 3', b'"step": -3'), "step"),
    "unknown model": (lambda payload: payload.replace(b"vae-mlp", b"os.system"), "cannot be built"),
    "no shape": (lambda payload: payload.replace(b'"x_shape"', b'"y_shape"', 1), "lacks a name or an x_shape"),
    "odd name": (lambda payload: payload.replace(b'"vae-mlp"', b"[7]"), "cannot be built"),
    "odd option": (lambda payload: payload.replace(b'"latents"', b'"latants"'), "cannot be built"),
}


@pytest.mark.parametrize("damage", MANIFESTS)
def test_damaged_manifest(run, damage):
    change, message = MANIFESTS[damage]
    file = run.path / "manifest.json"
    payload = file.read_bytes()
    file.write_bytes(change(payload))
    assert file.read_bytes() != payload
    with pytest.raises(CheckpointError, match=message):
        load_run(run.path)


def test_missing_parts(run, tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        load_run(tmp_path / "nowhere")
    checkpoint_of(run).unlink()
    with pytest.raises(CheckpointError, match="does not exist"):
        load_run(run.path)
    (run.path / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match="is this the folder given as out="):
        load_run(run.path)


def forge(run, change):
    """Replace the tensors and make the manifest vouch for them."""
    file, manifest = checkpoint_of(run), run.path / "manifest.json"
    tensors = load_file(file)
    change(tensors)
    file.write_bytes(save(tensors))
    facts = json.loads(manifest.read_text())
    facts |= {"size": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    manifest.write_text(json.dumps(facts))


def weight(tensors):
    return next(name for name in tensors if name.startswith("model/"))


FORGERIES = {
    "other shape": (lambda t: t.update({weight(t): torch.zeros(2, 2)}), r"the model has torch\.float32 \("),
    "other type": (lambda t: t.update({weight(t): t[weight(t)].double()}), "float64"),
    "missing": (lambda t: t.pop(weight(t)), "differ in 1 weights"),
    "too many": (lambda t: t.update({"model/extra": torch.zeros(1)}), "differ in 1 weights"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_weights_that_do_not_fit_the_model(run, forgery):
    change, message = FORGERIES[forgery]
    forge(run, change)
    with pytest.raises(CheckpointError, match=message):
        load_run(run.path)


@pytest.mark.parametrize("name", ["optimizer/decoder.0.weight/exp_avg", "rng/noise", "rng/global"])
def test_resuming_without_the_state_is_refused(run, lab, name):
    forge(run, lambda tensors: tensors.pop(name))
    assert load_run(run.path).step == 3  # the weights are all there
    with pytest.raises(CheckpointError, match="state of the optimiser"):
        lab.train(lab.make(), 6, run.path, resume=True)


def test_garbled_safetensors_with_a_matching_hash(run):
    forge(run, lambda tensors: None)
    file, manifest = checkpoint_of(run), run.path / "manifest.json"
    file.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00garbled")
    facts = json.loads(manifest.read_text()) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    manifest.write_text(json.dumps(facts))
    with pytest.raises(CheckpointError, match="no safetensors file"):
        load_run(run.path)


@pytest.mark.parametrize("failing", ["checkpoint-00000005.safetensors", "manifest.json"])
def test_a_full_disk_leaves_the_checkpoint_before(run, lab, monkeypatch, same_weights, failing):
    from latentassay.training import checkpoint

    before, write = load_run(run.path), checkpoint.write_whole

    def full(path, payload):
        if path.name == failing:
            path.with_name(f".{path.name}.x.part").write_bytes(payload[:10])
            raise OSError(28, "No space left on device")
        write(path, payload)

    monkeypatch.setattr(checkpoint, "write_whole", full)
    with pytest.raises(CheckpointError, match=r"No space left.*free some space"):
        lab.train(lab.make(), 5, run.path, resume=True)
    monkeypatch.undo()
    after = load_run(run.path)
    assert after.step == before.step == 3 and same_weights(after.model, before.model)
    assert lab.train(lab.make(), 5, run.path, resume=True).step == 5
    assert not list(run.path.glob(".*.part"))


def test_only_the_last_checkpoint_is_kept_and_no_parts_are_left(lab, tmp_path):
    run = lab.train(lab.make(), 7, tmp_path / "run", checkpoint_every=2)
    assert sorted(path.name for path in run.path.iterdir()) == [
        "checkpoint-00000007.safetensors",
        "manifest.json",
        "metrics.jsonl",
    ]


def test_a_manifest_may_not_ask_for_more_than_its_weights_hold(run):
    manifest = run.path / "manifest.json"
    facts = json.loads(manifest.read_text())
    facts["model"]["x_shape"] = [1, 1 << 14, 1 << 14]
    manifest.write_text(json.dumps(facts))
    with pytest.raises(CheckpointError, match="cannot be built"):
        load_run(run.path)
