"""``fit``: it learns, it says so, and it leaves the world as it found it."""

import json
import math
import shutil
from copy import deepcopy

import numpy as np
import pytest
import torch
from model_table import small_model, small_models

from latentassay import models, objectives
from latentassay.core.errors import CheckpointError, InputError, LatentAssayError, TrainingError
from latentassay.data import Frames
from latentassay.training import fit, loop
from latentassay.training.run_state import RunState


def test_learns_and_tells_its_history(lab):
    run = lab.train(lab.make(), 200, log_every=50)
    assert [row["step"] for row in run.history] == [50, 100, 150, 200]
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    assert run.history[0]["loss"] == pytest.approx(run.history[0]["nll"] + run.history[0]["kl"])
    assert run.step == 200 and not run.interrupted and run.path is None
    assert run.images_per_second == pytest.approx(200 * 16 / run.seconds)


def test_first_row_is_the_mean_of_the_losses_by_hand(lab):
    """One logged step of fit equals the objective on the batch that the sampler names."""
    from latentassay.training.sampler import Sampler

    run = lab.train(lab.make(), 1)
    x = lab.pictures().batch(Sampler(50, 16, 0).rows(0).numpy())
    loss = objectives.VAE()(lab.make(), x, torch.Generator().manual_seed(0))
    assert run.history[0]["loss"] == pytest.approx(loss.total.item())


def test_fits_as_plain_adam_does(lab, same_weights):
    """The oracle: the same steps with torch's ordinary Adam, by hand."""
    from latentassay.training.sampler import Sampler

    ours, theirs, noise, data = lab.make(), lab.make(), torch.Generator().manual_seed(0), lab.pictures()
    lab.train(ours, 5)
    adam = torch.optim.Adam(theirs.parameters(), lr=1e-2)
    for step in range(5):
        adam.zero_grad()
        x = data.batch(Sampler(50, 16, 0).rows(step).numpy())
        objectives.VAE()(theirs, x, noise).total.backward()
        adam.step()
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-6)


def test_same_seed_same_weights_other_seed_others(lab, same_weights):
    a, b, c = (lab.train(lab.make("dropping"), 5, seed=seed).model for seed in (1, 1, 2))
    assert same_weights(a, b) and not same_weights(a, c)


def test_leaves_random_state_modes_and_grad_as_found(lab):
    model = lab.make("dropping").eval()
    model.decoder.train()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with torch.no_grad():
        lab.train(model, 3, validation=lab.pictures(8))
        assert not torch.is_grad_enabled()
    assert torch.equal(before, torch.get_rng_state())
    assert not model.encoder.training and model.decoder.training


def test_validation_is_held_out_repeatable_and_does_not_change_training(lab, same_weights):
    with_it, without = (
        lab.train(lab.make("dropping"), 6, validation=v, checkpoint_every=3) for v in (lab.pictures(20), None)
    )
    assert same_weights(with_it.model, without.model)
    scored = [row for row in with_it.history if "validation_loss" in row]
    assert [row["step"] for row in scored] == [3, 6]
    frozen = lab.train(lab.make(), 2, lr=1e-30, validation=lab.pictures(20), checkpoint_every=1)
    first, second = (row["validation_loss"] for row in frozen.history)
    assert first == pytest.approx(second, rel=1e-6)


def test_validation_is_cut_evenly_so_that_no_row_is_alone(lab):
    sizes = []

    def counting(model, x, generator):
        sizes.append(len(x))
        return objectives.VAE()(model, x, generator)

    fit(lab.make(), counting, lab.pictures(), steps=1, batch_size=16, validation=lab.pictures(33), device="cpu")
    assert sizes == [16, 11, 11, 11]


@pytest.mark.parametrize("options", [{"channels_last": True}, {"precision": "bf16"}])
def test_faster_ways_reach_nearly_the_same(lab, options):
    plain, fast = (lab.train(lab.make("vae-conv-small"), 20, **choice) for choice in ({}, options))
    assert fast.history[-1]["loss"] == pytest.approx(plain.history[-1]["loss"], rel=0.02)
    assert all(p.dtype == torch.float32 for p in fast.model.parameters())


@pytest.mark.long
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")
def test_compiled_reaches_nearly_the_same_and_leaves_the_model_plain(lab):
    plain, fast = (lab.train(lab.make(), 20, compile=choice) for choice in (False, True))
    assert fast.history[-1]["loss"] == pytest.approx(plain.history[-1]["loss"], rel=1e-3)
    assert fast.model.encoder._compiled_call_impl is None


TUPLES = [
    (objectives.SlowVAE(), models.build("vae-conv-small", x_shape=(1, 8, 8), latents=2), (2,)),
    (objectives.PCL(), models.features(x_shape=(1, 8, 8), latents=2), (3,)),
    (objectives.WeakGAN(width=16), models.build("vae-conv-small", x_shape=(1, 8, 8), latents=2), (2, 2)),
]


@pytest.mark.parametrize(("objective", "model", "shape"), TUPLES)
@pytest.mark.parametrize("options", [{}, {"channels_last": True}, {"precision": "bf16"}])
def test_what_learns_from_tuples_does_so_in_every_way(lab, objective, model, shape, options):
    rows = np.random.default_rng(0).integers(0, 50, (33, *shape))
    frames = Frames(lab.pictures(), rows)
    run = fit(deepcopy(model), objective, frames, steps=4, batch_size=16, validation=frames, device="cpu", **options)
    assert all(math.isfinite(value) for row in run.history for value in row.values())
    assert {"loss", "validation_loss"} <= run.history[-1].keys()


def test_batches_larger_than_the_data_and_a_single_sample(lab):
    assert lab.train(lab.make(), 3, data=lab.pictures(5), batch_size=64).step == 3
    assert math.isfinite(lab.train(lab.make(), 3, data=lab.pictures(1)).history[-1]["loss"])


def test_a_double_model_trains_in_double(lab):
    """Data follow the model's type."""
    run = lab.train(lab.make().double(), 2)
    assert all(p.dtype == torch.float64 for p in run.model.parameters())


def test_divergence_names_step_and_fix_and_spares_the_checkpoint(lab, tmp_path):
    class Exploding:
        def __init__(self):
            self.calls = 0

        def __call__(self, model, x, generator):
            self.calls += 1
            loss = objectives.VAE()(model, x, generator)
            return objectives.Loss(loss.total * (math.nan if self.calls == 7 else 1), loss.parts)

    with pytest.raises(TrainingError, match=r"at step 7; lower lr .* checkpoint of step 4"):
        fit(lab.make(), Exploding(), lab.pictures(), steps=20, out=tmp_path, checkpoint_every=4, device="cpu")
    assert json.loads((tmp_path / "manifest.json").read_text())["step"] == 4


def test_weights_that_diverge_under_a_finite_loss_are_found(lab):
    class Poisoned(torch.autograd.Function):
        @staticmethod
        def forward(context, value):
            return value.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient * math.nan

    def objective(model, x, generator):
        loss = objectives.AE()(model, x, generator)
        return objectives.Loss(Poisoned.apply(loss.total), loss.parts)

    with pytest.raises(TrainingError, match="weights became NaN"):
        fit(lab.make(), objective, lab.pictures(), steps=1, device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be a positive"),
        ({"steps": -3}, "steps must be a positive"),
        ({"batch_size": 0}, "batch_size must be a positive"),
        ({"log_every": 0}, "log_every must be"),
        ({"checkpoint_every": 0}, "checkpoint_every must be"),
        ({"lr": 0.0}, "lr must be"),
        ({"lr": math.nan}, "lr must be"),
        ({"seed": -1}, "seed must be"),
        ({"precision": "fp8"}, "'float32' or 'bf16'"),
        ({"device": "gpu"}, "device must be"),
        ({"device": "cuda:77"}, "device must be"),
        ({"device": 3.5}, "device must be"),
        ({"resume": True}, "resume=True needs out="),
        ({"validation": torch.rand(4, 1, 9, 9)}, "built for observations"),
    ],
)
def test_wrong_options_are_refused(lab, options, message):
    with pytest.raises(InputError, match=message):
        lab.train(lab.make(), **{"steps": 2, **options})


def test_a_model_without_parameters_to_train_is_refused(lab):
    with pytest.raises(InputError, match="no parameters to train"):
        lab.train(lab.make().requires_grad_(False), 1)


def test_an_out_that_is_no_folder_is_refused_before_training(lab, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be made"):
        lab.train(lab.make(), 1, tmp_path / "file")


def test_every_error_here_is_one_of_the_packages(lab):
    assert issubclass(TrainingError, LatentAssayError)


def test_objectives_and_models_meet_in_fit_for_every_name():
    for name in small_models():
        model = small_model(name)
        x = torch.rand(8, *model.x_shape)
        run = fit(model, objectives.published(name, beta=2.0), x, steps=2, batch_size=4, device="cpu")
        assert math.isfinite(run.history[-1]["loss"])


def test_checkpoints_come_by_the_clock(lab, tmp_path, monkeypatch):
    now = [0.0]

    def tick():
        now[0] += 1  # once a step
        return now[0]

    saved = []
    monkeypatch.setattr(loop.time, "monotonic", tick)
    monkeypatch.setattr(RunState, "_save", lambda self, folder, interrupted: saved.append(self._trainer.step))
    lab.train(lab.make(), 10, tmp_path, checkpoint_every="3s")
    assert saved == [3, 6, 9, 10]
