"""A run that was stopped and resumed equals one that was not, bit for bit."""

import json

import pytest
import torch
from safetensors.torch import load_file

from latentassay import objectives
from latentassay.core.errors import CheckpointError
from latentassay.training import fit


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


def test_garbled_metrics_are_named(lab, tmp_path):
    lab.train(lab.make(), 4, tmp_path, log_every=1)
    file = tmp_path / "metrics.jsonl"
    file.write_text(file.read_text().replace('{"step": 2', "{step"))
    with pytest.raises(CheckpointError, match="line 2"):
        lab.train(lab.make(), 8, tmp_path, resume=True)


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
    """The mend that a diverged run is offered."""
    lab.train(lab.make(), 2, tmp_path)
    assert lab.train(lab.make(), 4, tmp_path, resume=True, lr=1e-4).step == 4
