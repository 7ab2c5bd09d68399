"""Weights that a run keeps on its way: those of that step, whole, and refused by name where they are not."""

import json

import pytest

from latentassay.core.errors import CheckpointError, InputError
from latentassay.training import load_run


def test_a_snapshot_is_the_model_as_it_was(lab, tmp_path, same_weights):
    run = lab.train(lab.make("dropping"), 6, tmp_path / "long", snapshots=(2, 4))
    assert run.snapshots == (2, 4) == load_run(run.path, model=lab.make("dropping")).snapshots
    for step in (2, 4):
        short = lab.train(lab.make("dropping"), step)
        kept = load_run(run.path, step=step, model=lab.make("dropping"))
        assert kept.step == step == kept.history[-1]["step"] and same_weights(kept.model, short.model)
        assert 0 < kept.seconds <= run.seconds and not kept.model.training
    assert load_run(run.path, step=6, model=lab.make("dropping")).step == 6


def test_snapshots_survive_a_resume_and_do_not_change_the_run(lab, tmp_path, same_weights):
    plain = lab.train(lab.make(), 8)
    first = lab.train(lab.make(), 3, tmp_path / "run", snapshots=(2,))
    second = lab.train(lab.make(), 8, first.path, snapshots=(2, 5), resume=True)
    assert second.snapshots == (2, 5) and same_weights(second.model, plain.model)
    assert {path.name for path in first.path.glob("*.safetensors")} == {
        "weights-00000002.safetensors",
        "weights-00000005.safetensors",
        "checkpoint-00000008.safetensors",
    }
    assert same_weights(load_run(first.path, step=2).model, lab.train(lab.make(), 2).model)


def test_runs_of_before_have_none(lab, tmp_path):
    run = lab.train(lab.make(), 2, tmp_path / "run")
    manifest = json.loads((run.path / "manifest.json").read_text())
    del manifest["snapshots"]
    (run.path / "manifest.json").write_text(json.dumps(manifest))
    assert load_run(run.path).snapshots == ()


def test_a_step_that_was_not_kept_or_was_altered_is_refused(lab, tmp_path):
    run = lab.train(lab.make(), 4, tmp_path / "run", snapshots=(2,))
    with pytest.raises(CheckpointError, match="kept no weights of step 3, only of 2, 4"):
        load_run(run.path, step=3)
    file = run.path / "weights-00000002.safetensors"
    payload = file.read_bytes()
    file.write_bytes(payload[:-1])
    with pytest.raises(CheckpointError, match="truncated"):
        load_run(run.path, step=2)
    file.write_bytes(payload[:-4] + bytes(4))
    with pytest.raises(CheckpointError, match="sha256"):
        load_run(run.path, step=2)
    file.unlink()
    with pytest.raises(CheckpointError, match="does not exist"):
        load_run(run.path, step=2)
    assert load_run(run.path).step == 4


def test_a_manifest_cannot_name_another_file(lab, tmp_path):
    run = lab.train(lab.make(), 2, tmp_path / "run", snapshots=(1,))
    text = (run.path / "manifest.json").read_text().replace("weights-00000001", "../weights-00000001")
    (run.path / "manifest.json").write_text(text)
    with pytest.raises(CheckpointError, match="no manifest"):
        load_run(run.path, step=1)


@pytest.mark.parametrize("steps", [(0,), (5,), (True,)])
def test_wrong_steps_are_refused_before_anything_is_written(lab, tmp_path, steps):
    with pytest.raises(InputError, match="snapshots must be steps from 1 to 4"):
        lab.train(lab.make(), 4, tmp_path / "run", snapshots=steps)
    assert not (tmp_path / "run").exists()


def test_snapshots_need_a_folder(lab):
    with pytest.raises(InputError, match="need out="):
        lab.train(lab.make(), 4, snapshots=(2,))
