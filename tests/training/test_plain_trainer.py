"""Large networks train each by itself on a CPU, exactly as ``fit`` trains them, on threads of their own."""

import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import TrainingError
from latentassay.training import fit, fit_many
from latentassay.training.many import LARGE
from latentassay.training.plain_trainer import PlainTrainer
from latentassay.training.vmap_trainer import CHUNK, Training, VmapTrainer

WIDE = (200, 200)


def model(seed=0):
    return models.build("vae-mlp", x_shape=(1, 28, 28), latents=3, hidden=WIDE, activation="relu", seed=seed)


def pictures(n=256):
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def same(a, b):
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


@pytest.mark.parametrize("objective", [objectives.VAE(), objectives.Renyi(0.25, 3)])
def test_each_is_exactly_that_of_fit(objective, tmp_path):
    options, threads = {"steps": 30, "batch_size": 128, "lr": 1e-3}, torch.get_num_threads()
    many = [
        Training(model(s), objective, pictures(), seed=s, out=tmp_path / str(s), snapshots=(7,), **options)
        for s in range(3)
    ]
    assert sum(p.numel() for p in model().parameters()) * 128 >= LARGE
    runs = fit_many(many, device="cpu", log_every=10)
    assert torch.get_num_threads() == threads
    for seed, run in enumerate(runs):
        alone = fit(model(seed), objective, pictures(), seed=seed, device="cpu", log_every=10, **options)
        assert same(run.model, alone.model) and not same(run.model, model(seed))
        ours = [{name: row[name] for name in run.history[0]} for row in run.history if row["step"] != 7]
        theirs = [{name: row[name] for name in run.history[0]} for row in alone.history]
        assert [row["step"] for row in ours] == [10, 20, 30]
        assert ours[1:] == theirs[1:]


def test_one_that_diverges_does_not_cost_the_others():
    options = {"objective": objectives.VAE(), "steps": 20, "batch_size": 128}
    bad = Training(model(), data=pictures(), lr=1e30, **options)
    good = Training(model(1), data=pictures(), lr=1e-3, seed=1, **options)
    with pytest.raises(TrainingError, match="1 of 2 trainings became NaN or infinite"):
        fit_many([bad, good], device="cpu")
    assert same(good.model, fit(model(1), objectives.VAE(), pictures(), steps=20, seed=1, device="cpu").model)


def test_an_error_in_a_thread_comes_out(monkeypatch):
    def fail(self):
        raise ZeroDivisionError("of a thread")

    monkeypatch.setattr(PlainTrainer, "advance", fail)
    with pytest.raises(ZeroDivisionError, match="of a thread"):
        fit_many([Training(model(s), objectives.VAE(), pictures(), 5, seed=s) for s in range(2)], device="cpu")


def test_chunks_end_at_rows_of_the_log_and_at_milestones():
    def trainer(log_every, steps=500):
        return PlainTrainer(Training(model(), objectives.VAE(), None, steps, 4), pictures(8), log_every=log_every)

    assert [trainer(every).advance() for every in (500, 7)] == [CHUNK, 7]
    assert trainer(500, steps=3).advance() == 3


def test_a_renyi_bound_trains_through_vmap_too():
    """The oracle: a bound of one sample is the evidence lower bound at any order, so both orders learn the same."""

    def small(seed):
        return models.build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(8,), seed=seed)

    x, last = torch.rand(100, 3, generator=torch.Generator().manual_seed(0)), []
    for alpha in (0.0, 0.5):
        own = [Training(small(s), objectives.Renyi(alpha, 1), x, 100, 16, seed=s, lr=1e-2) for s in range(2)]
        trainer = VmapTrainer(own, [x], [0, 0], log_every=50, graph=False)
        while trainer.step < trainer.steps:
            trainer.advance()
        last.append(trainer.weights(1, 100))
        row = trainer.histories()[1][-1]
        assert row["loss"] == pytest.approx(row["nll"] + row["kl"] - row["gain"], abs=1e-4)
    for name, value in last[0].items():
        torch.testing.assert_close(value, last[1][name], rtol=1e-3, atol=1e-4)
