"""``fit_many``: many trainings at once are what each would be alone."""

import json

import numpy as np
import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import CheckpointError, InputError, TrainingError
from latentassay.data.factors import FactorData
from latentassay.data.toys import squares
from latentassay.training import fit, load_run
from latentassay.training.many import fit_many
from latentassay.training.vmap_trainer import Training


def model(kind="vae-mlp", seed=0, **options):
    return models.build(
        kind, **{"x_shape": (3,), "latents": 2, "likelihood": "squared", "hidden": (8,), "seed": seed, **options}
    )


def data(seed=0, n=100):
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(seed))


def close(a, b):
    for name, value in a.state_dict().items():
        torch.testing.assert_close(value, b.state_dict()[name], rtol=1e-4, atol=1e-5, msg=name)


def same(a, b):
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


def test_each_kl_trains_by_itself():
    """Trainings that differ in the KL term are no one trainer's, and each is what it is beside its like alone."""

    def trainings(*terms):
        return [Training(model(), objectives.BetaVAE(1.0, kl=kl), data(), 60, 16, lr=1e-2) for kl in terms]

    both, (exact,), (sigma,) = (
        fit_many(trainings(*t), device="cpu") for t in (("exact", "sigma"), ("exact",), ("sigma",))
    )
    close(both[0].model, exact.model)
    close(both[1].model, sigma.model)
    assert not same(exact.model, sigma.model)


def test_autoencoders_are_those_of_fit():
    """The oracle: three runs of ``fit``, with other data, seeds and lengths each; one length breaks a chunk."""
    options, lengths = {"batch_size": 16, "lr": 1e-2}, (130, 75, 100)
    many = [
        Training(model("ae-mlp", seed), objectives.AE(), data(seed), steps, seed=seed, **options)
        for seed, steps in enumerate(lengths)
    ]
    runs = fit_many(many, device="cpu", log_every=25)
    for seed, (steps, run) in enumerate(zip(lengths, runs, strict=True)):
        alone = fit(
            model("ae-mlp", seed),
            objectives.AE(),
            data(seed),
            steps=steps,
            seed=seed,
            log_every=25,
            device="cpu",
            **options,
        )
        close(run.model, alone.model)
        assert run.step == steps and not run.interrupted and run.model is many[seed].model
        # The end of another closes a row of one that goes on; by then both logs have said the same.
        first = [row["loss"] for row in run.history[:3]]
        assert first == pytest.approx([row["loss"] for row in alone.history[:3]], rel=1e-4)
        assert run.history[-1]["step"] == steps


def test_pictures_are_read_as_fit_reads_them():
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4), dtype=np.uint8)
    pictures = FactorData(images, np.zeros((40, 0), np.int64), name="noise")
    options = {"x_shape": (1, 4, 4), "likelihood": "bernoulli"}
    run, _ = fit_many(
        [Training(model("ae-mlp", seed, **options), objectives.AE(), pictures, 20, 8, seed=seed) for seed in range(2)],
        device="cpu",
    )
    alone = fit(model("ae-mlp", 0, **options), objectives.AE(), pictures, steps=20, batch_size=8, device="cpu")
    close(run.model, alone.model)


@pytest.mark.parametrize("kind", ["vae-mlp", "vae-full-mlp"])
def test_linear_vaes_end_at_the_optimum_in_closed_form(kind):
    """β/2 Σ (1 + log 2λ/β) over the eigenvalues λ of the data's covariance that exceed β/2 (probabilistic PCA)."""
    beta, x = 0.05, squares(2000).batch(np.arange(2000))
    x = x - x.mean(0)
    largest = torch.linalg.eigvalsh(x.T @ x / len(x))[1:]
    optimum = float(beta / 2 * (1 + (2 * largest / beta).log()).sum())
    many = [Training(model(kind, s, hidden=()), objectives.BetaVAE(beta), x, 700, 256, 2e-2, s) for s in range(2)]
    losses = [run.history[-1]["loss"] for run in fit_many(many, device="cpu", log_every=100)]
    assert losses == pytest.approx([optimum] * 2, rel=0.05)
    assert min(losses) > optimum - 0.001


def test_folders_read_as_those_of_fit(tmp_path):
    many = [
        Training(
            model(seed=s), objectives.BetaVAE(0.5), data(), 60, 16, seed=s, out=tmp_path / str(s), snapshots=(20, 33)
        )
        for s in range(2)
    ]
    runs = fit_many(many, device="cpu", log_every=30)
    for run, each in zip(runs, many, strict=True):
        read = load_run(run.path)
        assert same(read.model, run.model) and read.history == run.history and read.snapshots == (20, 33)
        assert [row["step"] for row in run.history] == [20, 30, 33, 60]
        facts = json.loads((run.path / "manifest.json").read_text())
        assert (
            facts["objective"] == {"name": "beta-vae", "beta": 0.5, "kl": "exact"}
            and facts["settings"]["seed"] == each.seed
        )
    alone = fit_many([Training(model(), objectives.BetaVAE(0.5), data(), 33, 16)], device="cpu")
    assert load_run(tmp_path / "0", step=33).step == 33 and alone[0].step == 33
    with pytest.raises(CheckpointError, match="already holds a run"):
        fit_many(many, device="cpu")
    with pytest.raises(CheckpointError, match="lacks the state of the optimiser"):
        fit(
            model(),
            objectives.BetaVAE(0.5),
            data(),
            steps=90,
            batch_size=16,
            out=tmp_path / "0",
            resume=True,
            device="cpu",
        )


def test_snapshots_are_the_weights_of_their_step(tmp_path):
    options = {"batch_size": 16, "device": "cpu"}
    fit_many(
        [Training(model("ae-mlp"), objectives.AE(), data(), 60, 16, out=tmp_path / "a", snapshots=(33,))], device="cpu"
    )
    close(
        load_run(tmp_path / "a", step=33).model,
        fit(model("ae-mlp"), objectives.AE(), data(), steps=33, **options).model,
    )


def test_time_that_is_up_leaves_what_there_is(tmp_path):
    long = Training(model("ae-mlp"), objectives.AE(), data(), 10**7, 16, out=tmp_path / "long")
    short = Training(model("ae-mlp", 1), objectives.AE(), data(), 10, 16, out=tmp_path / "short")
    cut, done = fit_many([long, short], device="cpu", seconds=0.5)
    assert done.step == 10 and not done.interrupted
    assert 10 < cut.step < 10**7 and cut.interrupted
    assert load_run(tmp_path / "long").step == cut.step == cut.history[-1]["step"]
    assert cut.seconds == done.seconds > 0


def test_watch_is_called_with_the_steps_of_every_architecture():
    calls = []
    fit_many(
        [
            Training(model("ae-mlp"), objectives.AE(), data(), 10**7, 16),
            Training(model(), objectives.VAE(), data(), 10**7, 16),
        ],
        device="cpu",
        seconds=2.2,
        watch=calls.append,
    )
    assert calls and {*calls[-1]} == {"1 ae-mlp (3,), 2 latents", "1 vae-mlp (3,), 2 latents"}
    assert min(calls[-1].values()) > 0


def test_one_that_diverges_does_not_cost_the_others(tmp_path):
    huge = Training(model("ae-mlp"), objectives.AE(), 1e25 * data(), 50, 16, out=tmp_path / "huge")
    fine = Training(model("ae-mlp", 1), objectives.AE(), data(), 50, 16, out=tmp_path / "fine")
    with pytest.raises(TrainingError, match="1 of 2 trainings became NaN or infinite; lower lr"):
        fit_many([huge, fine], device="cpu")
    assert load_run(tmp_path / "fine").step == 50 and not (tmp_path / "huge" / "manifest.json").exists()


def test_leaves_random_state_and_its_inputs_as_found():
    before, x = torch.get_rng_state(), data()
    fit_many([Training(model(), objectives.VAE(), x, 5, 16)], device="cpu")
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(x, data())


@pytest.mark.parametrize("name", ["ae-conv", "ae-hourglass"])
def test_models_with_group_normalisation_are_those_of_fit(name):
    options = {"filters": 32} if name == "ae-hourglass" else {}  # of 8, each is a group, and float32 is too coarse
    pictures = torch.rand(24, 1, 16, 16, generator=torch.Generator().manual_seed(0))

    def build(seed):
        return models.build(name, x_shape=(1, 16, 16), latents=2, seed=seed, **options)

    many = [Training(build(seed), objectives.AE(), pictures, 4, 8, lr=1e-3, seed=seed) for seed in range(2)]
    for seed, run in enumerate(fit_many(many, device="cpu", log_every=2)):
        alone = fit(build(seed), objectives.AE(), pictures, steps=4, batch_size=8, lr=1e-3, seed=seed, device="cpu")
        with torch.no_grad():
            ours, theirs, before = (
                m.eval()(pictures) for m in (Whole(run.model), Whole(alone.model), Whole(build(seed)))
            )
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
        assert float((ours - before).abs().max()) > 0.02


class Whole(torch.nn.Module):
    """From pictures to their reconstructions."""

    def __init__(self, autoencoder):
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, x):
        return self.autoencoder.decode(self.autoencoder.encode(x).mean)


def test_what_is_refused(lab, tmp_path):
    def refused(message, error=InputError, **changed):
        whole = {"model": model(), "objective": objectives.VAE(), "data": data(), "steps": 2, **changed}
        with pytest.raises(error, match=message):
            fit_many([Training(**whole)], device="cpu")

    refused("steps must be a positive integer", steps=0)
    refused("batch_size must be", batch_size=0)
    refused("lr must be a number", lr=lambda step: 0.1)
    refused("lr must be a positive", lr=0.0)
    refused("precision must be one of float32, tf32", precision="bf16")
    refused("snapshots need out", snapshots=(1,))
    refused("only AE, VAE, BetaVAE and Renyi", objective=objectives.BetaTCVAE(4.0))
    refused("only models of models.build", model=lab.make("dropping"), data=lab.pictures())
    refused("the model was built for", data=torch.rand(10, 4))
    refused("seed must be", seed=-1)
    frozen = model()
    frozen.decoder.requires_grad_(False)
    refused("frozen weights do not train side by side, got decoder", model=frozen)
    twice = Training(model(), objectives.VAE(), data(), 2)
    with pytest.raises(InputError, match="a model is trained twice"):
        fit_many([twice, twice], device="cpu")
    with pytest.raises(InputError, match="nothing to train"):
        fit_many([], device="cpu")
    with pytest.raises(InputError, match="seconds must be a positive number"):
        fit_many([twice], device="cpu", seconds=0)
