"""Manifests of perturbed data sets are read strictly."""

import pytest

from latentassay.core.errors import FileError
from latentassay.data.perturbed_folder import MANIFEST
from latentassay.data.perturbed_manifest import ParentData, PerturbationPlan, PerturbedManifest, read_manifest

SUM = "0" * 64
PARENT = ParentData(name="toy", n=6, x_shape=[4], dtype="uint8", factor_names=["label"], factor_sizes=[3], sha256=SUM)
PLAN = PerturbationPlan(kind="noise", eps=0.1, seed=0, parent=PARENT, training=None, versions={})


def test_what_is_written_comes_back(tmp_path):
    (tmp_path / MANIFEST).write_text(PerturbedManifest(plan=PLAN).model_dump_json())
    found = read_manifest(tmp_path)
    assert found.plan == PLAN and not found.is_done and found.files == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"eps":0.1', '"eps":"0.1"', "eps"),
        ('"seed":0', '"seed":-1', "seed"),
        ('"kind":"noise"', '"kind":"other"', "kind"),
        (SUM, "../evil", "sha256"),
        ('"state":null', '"state":null,"run":"rm"', "run"),
    ],
)
def test_what_is_altered_is_refused_by_the_field(tmp_path, old, new, words):
    text = PerturbedManifest(plan=PLAN).model_dump_json()
    assert old in text
    (tmp_path / MANIFEST).write_text(text.replace(old, new))
    with pytest.raises(FileError, match=rf"is no manifest of a perturbed data set \(.*{words}"):
        read_manifest(tmp_path)
