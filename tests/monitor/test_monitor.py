import json

import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.core.errors import InputError

STEPS = 40


def train(model, data, monitor=None, steps=STEPS, beta=lambda step: 0.01):
    """A plain loop whose noise and dropout come from the global state; the losses of all steps."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        optimiser, losses = torch.optim.Adam(model.parameters(), 1e-2), []
        for step in range(1, steps + 1):
            x = data[torch.randint(len(data), (64,))]
            posterior = model.encode(x)
            z = posterior.mean + posterior.std * torch.randn_like(posterior.std)
            kl = 0.5 * (posterior.mean**2 + posterior.std**2 - 1 - 2 * posterior.std.log()).sum(1).mean()
            loss = ((model.decode(z) - x) ** 2).sum(1).mean() + beta(step) * kl
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
            if monitor is not None:
                monitor(step, model)
        return losses


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_a_plain_loop_is_the_same_with_and_without(data, small, paid):
    first = state(small)
    losses = train(small, data)
    alone = state(small)
    small.load_state_dict(first)
    monitor = paid(la.Monitor(data, every=10))
    assert train(small, data, monitor) == losses
    assert len(monitor.readings) == 4 and monitor.failures == 0
    assert all(torch.equal(value, alone[name]) for name, value in state(small).items())


def test_fit_is_the_same_with_and_without(data, paid):
    model = la.models.build("vae-mlp", x_shape=(6,), latents=3, likelihood="gaussian", hidden=(16,), seed=0)
    begin, weights = state(model), []
    monitor = paid(la.Monitor(data, every=10))
    for callback in (None, monitor):
        model.load_state_dict(begin)
        run = la.fit(model, la.objectives.BetaVAE(1.0), data, steps=STEPS, device="cpu", callback=callback)
        weights.append((state(model), [row["loss"] for row in run.history]))
    assert len(monitor.readings) == 4
    assert weights[0][1] == weights[1][1]
    assert all(torch.equal(value, weights[1][0][name]) for name, value in weights[0][0].items())


def test_nothing_is_assayed_before_training_pays_for_it(data, small):
    monitor = la.Monitor(data, every=1, share=0.001)
    train(small, data, monitor)
    assert not monitor.readings and monitor.spent == 0 and monitor.trained > 0


def test_due_assays_come_once_every_so_many_steps(data, small, paid):
    monitor = paid(la.Monitor(data, every=10, questions=["reconstruction"]))
    steps = [step for step in range(1, 36) if monitor(step, small) is not None]
    assert steps == [10, 20, 30]


def test_everything_is_kept(data, small, paid, tmp_path):
    logged = {}
    monitor = la.Monitor(
        data, every=10, out=tmp_path, keep=2, loggers=lambda step, numbers: logged.update({step: numbers})
    )
    train(small, data, paid(monitor))
    monitor.close()
    rows = [json.loads(line) for line in (tmp_path / "monitor.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [10, 20, 30, 40] == list(logged)
    assert rows[-1]["numbers"]["units.alive"]["value"] == logged[40]["latentassay/units.alive"]
    assert sorted(path.name for path in (tmp_path / "assays").iterdir()) == [
        "step-00000030.safetensors",
        "step-00000040.safetensors",
    ]
    kept = la.Assay.load(tmp_path / "assays" / "step-00000040.safetensors")
    assert kept.scores["units.alive"].value == rows[-1]["numbers"]["units.alive"]["value"]
    assert "at step 40" in (tmp_path / "monitor.html").read_text("utf-8")


def test_a_collapse_is_warned_of_by_name(data, small, paid):
    monitor = paid(la.Monitor(data, every=100))
    with pytest.warns(la.MonitorWarning, match=r"Posterior collapse begins: .* codes of unit"):
        train(small, data, monitor, steps=500, beta=lambda step: 0.01 if step <= 300 else 100.0)
    assert {change.key for change in monitor.changes} == {"collapse"} and monitor.changes[0].since <= 300
    assert all(unit.state == "collapsed" for unit in monitor.readings[-1].units)


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_run_is_warned_of_nothing(data, paid, seed):
    """Warnings are errors here."""
    model = la.models.build("vae-mlp", x_shape=(6,), latents=3, likelihood="gaussian", hidden=(32,), seed=seed)
    monitor = paid(la.Monitor(data[200:], every=50))
    la.fit(model, la.objectives.BetaVAE(1.0), data[:200], steps=300, seed=seed, device="cpu", callback=monitor)
    assert len(monitor.readings) == 6 and not monitor.changes and not monitor.failures


class Broken(nn.Module):
    latent_shape = (3,)
    prior = None

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(6, 3)

    def encode(self, x):
        if not self.training:
            raise RuntimeError("no kernel for this")
        return la.Point(self.net(x))

    def decode(self, z):
        return z


def test_a_failing_assay_is_one_warning_with_its_cause(data, paid):
    model, said = Broken(), []
    monitor = paid(la.Monitor(data, every=1, notify=said.append))
    assert [monitor(step, model) for step in (1, 2, 3)] == [None] * 3
    assert monitor.failures == 3 and monitor.spent > 0 and model.training
    assert len(said) == 1 and "the assay at step 1 failed and training goes on" in said[0] and "no kernel" in said[0]


def test_a_failing_logger_is_a_warning_and_the_others_go_on(data, small, paid):
    def broken(step, numbers):
        raise ConnectionError("server gone")

    seen, said = [], []
    monitor = paid(
        la.Monitor(data, every=1, loggers=[broken, lambda step, numbers: seen.append(step)], notify=said.append)
    )
    monitor(1, small), monitor(2, small)
    assert seen == [1, 2] and said == ["a logger failed and training goes on: server gone"]


def test_an_interrupt_is_not_caught(data, small, paid, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("latentassay.monitor.monitor.assay", interrupt)
    monitor = paid(la.Monitor(data, every=1))
    with pytest.raises(KeyboardInterrupt):
        monitor(1, small)
    assert small.training


def test_modules_are_read_as_wrap_says(data, paid):
    class Holder(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.inner = model

    model = la.models.build("vae-mlp", x_shape=(6,), latents=3, likelihood="gaussian", hidden=(8,))
    monitor = paid(la.Monitor(data, every=1, wrap=lambda holder: holder.inner))
    assert monitor(1, Holder(model)).units


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"share": 0}, {"questions": ["hols"]}, {"loggers": 3}, {"budget": -1}]
)
def test_options_are_refused_before_training(data, options):
    with pytest.raises(InputError):
        la.Monitor(data, **options)


def test_data_are_refused_before_training():
    with pytest.raises(InputError):
        la.Monitor(torch.full((64, 3), float("nan")))
