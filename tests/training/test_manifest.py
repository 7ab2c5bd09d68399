"""Manifests of runs are read strictly."""

import pytest
from pydantic import ValidationError

from latentassay.training.manifest import DataFacts, Manifest, Settings, Snapshot

FILE = {"size": 1, "sha256": "0" * 64, "step": 3, "seconds": 0.5}
REST = {
    "interrupted": False,
    "model": None,
    "objective": {"name": "ae"},
    "data": DataFacts(name="toy", n=6, x_shape=[4]),
    "settings": Settings(batch_size=2, seed=0, precision="float32"),
    "versions": {},
}


def test_what_is_written_comes_back():
    manifest = Manifest(file="checkpoint-00000003.safetensors", **FILE, **REST)
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
    assert manifest.snapshots == () and manifest.settings.freeze == []


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../checkpoint-00000003.safetensors"},
        {"file": "checkpoint-00000003.pkl"},
        {"sha256": "x"},
        {"step": "3"},
        {"seconds": float("inf")},
        {"more": 1},
    ],
)
def test_what_is_altered_is_refused(change):
    with pytest.raises(ValidationError):
        Manifest(**{"file": "checkpoint-00000003.safetensors", **FILE, **REST, **change})


def test_a_snapshot_is_a_file_of_weights():
    assert Snapshot(file="weights-00000003.safetensors", **FILE).step == 3
    with pytest.raises(ValidationError):
        Snapshot(file="checkpoint-00000003.safetensors", **FILE)
