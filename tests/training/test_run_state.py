"""A run that was stopped and resumed equals one that was not, bit for bit; weights that it keeps on its way."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from latentassay import objectives
from latentassay.core.errors import CheckpointError, InputError
from latentassay.training import fit, load_run, run_state
from latentassay.training.log import append_row


def tensors_of(run):
    (file,) = run.path.glob("checkpoint-*")
    return load_file(file)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("vae-mlp", {}),
        ("dropping", {}),
        ("vae-conv-small", {"channels_last": True}),
        ("vae-conv-small", {"precision": "bf16"}),
        ("vae-mlp", {"batch_size": 33, "validation": torch.rand(9, 1, 8, 8)}),
    ],
)
def test_five_and_five_steps_are_ten(lab, tmp_path, kind, options):
    straight = lab.train(lab.make(kind), 10, tmp_path / "straight", checkpoint_every=5, **options)
    lab.train(lab.make(kind), 5, tmp_path / "halves", checkpoint_every=5, **options)
    torch.rand(7)  # what happens in between must not matter
    resumed = lab.train(lab.make(kind), 10, tmp_path / "halves", resume=True, checkpoint_every=5, **options)
    expected, found = tensors_of(straight), tensors_of(resumed)  # weights, optimiser and random states
    assert expected.keys() == found.keys()
    assert {name.split("/")[0] for name in expected} == {"model", "optimizer", "rng"}
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
    drop = {"images_per_second"}
    rows = [[{k: v for k, v in row.items() if k not in drop} for row in run.history] for run in (straight, resumed)]
    assert rows[0] == rows[1]


def test_a_state_from_another_kind_of_device_continues_with_fresh_noise(lab, tmp_path):
    from latentassay.training.trainer import NOISE, Trainer

    options = {"lr": 1e-3, "seed": 0, "device": torch.device("cpu"), "half": False, "layout": torch.preserve_format}
    trainer = Trainer(lab.make(), objectives.VAE(), **options)
    trainer.learn(torch.rand(4, 1, 8, 8))
    state = trainer.state() | {NOISE: torch.zeros(16, dtype=torch.uint8)}  # as large as a GPU's
    with torch.random.fork_rng():
        trainer.restore(state, 1)
    assert torch.isfinite(trainer.learn(torch.rand(4, 1, 8, 8))["loss"])


def test_parameters_that_are_never_used_do_not_hinder(lab, tmp_path):
    def make():
        model = lab.make("dropping")
        model.spare = torch.nn.Linear(2, 2)
        return model

    lab.train(make(), 2, tmp_path)
    assert lab.train(make(), 4, tmp_path, resume=True).step == 4


def test_resuming_where_there_is_no_run_begins_one(lab, tmp_path, same_weights):
    run = lab.train(lab.make(), 4, tmp_path / "new", resume=True)
    assert same_weights(run.model, lab.train(lab.make(), 4).model)


def test_resuming_a_finished_run_loads_it(lab, tmp_path, same_weights):
    done = lab.train(lab.make(), 4, tmp_path)
    again = lab.train(lab.make(), 4, tmp_path, resume=True)
    assert again.step == 4 and same_weights(again.model, done.model) and again.history == done.history


def test_metrics_after_the_last_checkpoint_are_taken_back(lab, tmp_path):
    lab.train(lab.make(), 4, tmp_path)
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 5, "loss": 1.0}\n{"step": 6, "lo')  # as a killed run leaves it
    run = lab.train(lab.make(), 8, tmp_path, resume=True)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [4, 8] and rows == list(run.history)


def test_a_run_is_never_overwritten_unasked(lab, tmp_path):
    lab.train(lab.make(), 2, tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(CheckpointError, match=r"already holds a run.*resume=True"):
        lab.train(lab.make(), 4, tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == before


OTHERS = {
    "model": lambda lab, out: lab.train(lab.make("vae-full-mlp"), 4, out, resume=True),
    "settings": lambda lab, out: lab.train(lab.make(), 4, out, resume=True, batch_size=8),
    "data": lambda lab, out: lab.train(lab.make(), 4, out, resume=True, data=lab.pictures(40)),
    "objective": lambda lab, out: fit(
        lab.make(), objectives.BetaVAE(3.0), lab.pictures(), steps=4, batch_size=16, out=out, resume=True
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_resuming_into_another_run_is_refused(lab, tmp_path, what):
    lab.train(lab.make(), 2, tmp_path)
    with pytest.raises(CheckpointError, match=f"holds a run whose {what} is"):
        OTHERS[what](lab, tmp_path)


def test_a_resumed_run_may_learn_more_slowly(lab, tmp_path):
    """What a diverged run is told to do."""
    lab.train(lab.make(), 2, tmp_path)
    assert lab.train(lab.make(), 4, tmp_path, resume=True, lr=1e-4).step == 4


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


def test_a_full_disk_while_logging_saves_what_was_trained(lab, tmp_path, monkeypatch):
    def full(folder, row):
        if row["step"] == 3:
            raise CheckpointError(folder / "metrics.jsonl", "cannot be written: No space left on device", "Free some")
        append_row(folder, row)

    monkeypatch.setattr(run_state, "append_row", full)
    with pytest.raises(CheckpointError, match=r"No space left.*Free some; the checkpoint of step 3 is intact, resume"):
        lab.train(lab.make(), 9, tmp_path, log_every=1, checkpoint_every=2)
    monkeypatch.undo()
    saved = load_run(tmp_path)
    assert saved.step == 3 and saved.interrupted
    assert lab.train(lab.make(), 9, tmp_path, log_every=1, resume=True).step == 9


def test_a_disk_that_is_really_full_keeps_the_last_checkpoint(tmp_path):
    script = """
import resource, sys, torch
from latentassay import models, objectives, fit
torch.set_num_threads(1)
model = models.build("vae-mlp", x_shape=(1, 8, 8), latents=3, hidden=(16,))
step = lambda k: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1)) or 1e-3 if k == 25 else 1e-3
fit(model, objectives.VAE(), torch.rand(50, 1, 8, 8), steps=10**6, out=sys.argv[1], device="cpu", lr=step,
    checkpoint_every=20, log_every=1)
"""
    out = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", script, str(out)], capture_output=True, text=True)
    assert "CheckpointError" in done.stderr and "the checkpoint of step 20 is intact, resume from it" in done.stderr
    assert load_run(out).step == 20 and not list(out.glob(".*.part"))
