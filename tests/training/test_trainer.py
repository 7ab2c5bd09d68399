"""One optimiser step of a model and of what its objective brings along; networks compiled and handed back."""

from dataclasses import dataclass
from functools import partial

import pytest
import torch
from torch import nn

from latentassay import objectives
from latentassay.core.errors import CheckpointError
from latentassay.objectives.auxiliary_networks import WithAuxiliary, call_frozen
from latentassay.training import fit, load_run
from latentassay.training.checkpoint import read_manifest
from latentassay.training.sampler import Sampler
from latentassay.training.trainer import compile_networks

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch's own


class Spy(nn.Module):
    """Counts the calls in which Python runs it as it stands; while torch compiles, it does not count."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        if not torch.compiler.is_compiling():
            self.calls += 1
        return x


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))


def spied(width):
    spies = Spy(), Spy()
    encoder, decoder = nn.Sequential(nn.Linear(width, 2), spies[0]), nn.Sequential(nn.Linear(2, width), spies[1])
    return nn.ModuleDict({"encoder": encoder, "decoder": decoder}), spies


def test_sequences_of_layers_are_compiled_and_handed_back(quick):
    model, spies = spied(3)
    with compile_networks(model, wanted=True):
        model["decoder"](model["encoder"](torch.ones(4, 3)))
    assert [spy.calls for spy in spies] == [0, 0]
    model["decoder"](model["encoder"](torch.ones(4, 3)))
    assert [spy.calls for spy in spies] == [1, 1]


def test_networks_inside_a_part_that_is_never_called_are_compile_networks(quick):
    model, spies = spied(3)
    with compile_networks(nn.ModuleDict({"body": model}), wanted=True):
        model["encoder"](torch.ones(4, 3))
    assert spies[0].calls == 0


def test_the_tenth_model_of_a_process_is_compiled_like_the_first(quick):
    for width in range(1, 11):  # torch gives up on a piece of code after eight shapes
        model, spies = spied(width)
        with compile_networks(model, wanted=True):
            for training in (True, False):
                model.train(training)["encoder"](torch.ones(4, width))
        assert spies[0].calls == 0, width


def test_nothing_is_compiled_unasked():
    model, spies = spied(3)
    with compile_networks(model, wanted=False):
        model["encoder"](torch.ones(4, 3))
    assert spies[0].calls == 1


@dataclass(frozen=True)
class Playing:
    """The model is drawn to codes that a critic scores high, the critic to score them low; the critic has dropout."""

    rate: float = 0.5
    dropout: float = 0.2
    lr: float | None = None

    def with_auxiliary(self, model):
        with torch.random.fork_rng():
            torch.manual_seed(5)
            critic = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(self.dropout), nn.Linear(4, 1))

        def loss(model, x, generator):
            base, z = objectives.VAE()(model, x, generator), model.encode(x).mean
            ours, theirs = -call_frozen(critic, z).mean(), critic(z.detach()).sigmoid().mean()
            return objectives.Loss(base.total + ours + theirs, {"ours": ours, "theirs": theirs})

        return WithAuxiliary(critic, loss, self.rate, (0.5, 0.9), (0.8, 0.99), self.lr)

    def __call__(self, model, x, generator):
        return self.with_auxiliary(model).loss(model, x, generator)


def run(lab, steps, out=None, objective=Playing(), **options):
    settings = {"batch_size": 16, "lr": 1e-2, "device": "cpu", **options}
    return fit(lab.make(), objective, lab.pictures(), steps=steps, out=out, **settings)


def checkpoint(folder):
    from safetensors.torch import load_file

    (file,) = folder.glob("checkpoint-*")
    return load_file(file)


@pytest.mark.parametrize(("lr", "expected"), [(None, 0.5e-2), (2e-3, 2e-3)])
def test_one_step_of_adam_moves_both_as_two_optimisers_would(lab, lr, expected):
    """The oracle: two plain Adams with rates and moments of their own."""
    objective = Playing(dropout=0.0, lr=lr)
    ours, theirs, noise = run(lab, 4, objective=objective).model, lab.make(), torch.Generator().manual_seed(0)
    auxiliary = objective.with_auxiliary(theirs)
    pair = [
        torch.optim.Adam(theirs.parameters(), 1e-2, (0.8, 0.99)),
        torch.optim.Adam(auxiliary.networks.parameters(), expected, (0.5, 0.9)),
    ]
    for step in range(4):
        x = lab.pictures().batch(Sampler(50, 16, 0).rows(step).numpy())
        for adam in pair:
            adam.zero_grad()
        auxiliary.loss(theirs, x, noise).total.backward()
        for adam in pair:
            adam.step()
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-6)


def test_a_rate_of_their_own_keeps_to_no_schedule(lab, tmp_path):
    """Adam's first step moves every weight by about its rate, however small the model's is."""
    run(lab, 1, tmp_path, objective=Playing(dropout=0.0, lr=1e-3), lr=lambda step: 1e-7)
    moved = checkpoint(tmp_path)["objective/3.weight"] - Playing().with_auxiliary(None).networks[3].weight.detach()
    torch.testing.assert_close(moved.abs(), torch.full_like(moved, 1e-3), rtol=1e-2, atol=0)


def test_what_has_to_know_the_rows_of_the_data_is_told(lab, tmp_path):
    around = objectives.Invariance(objectives.BetaTCVAE(4.0))
    run(lab, 1, tmp_path, objective=around)
    assert objectives.build(**read_manifest(tmp_path).objective).base == objectives.BetaTCVAE(4.0, n=50)
    run(lab, 2, tmp_path, objective=around, resume=True)
    run(lab, 1, tmp_path / "said", objective=objectives.BetaTCVAE(4.0, n=1000))
    assert objectives.build(**read_manifest(tmp_path / "said").objective).n == 1000


def test_five_and_five_steps_are_ten(lab, tmp_path):
    options = {"checkpoint_every": 5, "validation": torch.rand(9, 1, 8, 8)}
    run(lab, 10, tmp_path / "straight", **options)
    run(lab, 5, tmp_path / "halves", **options)
    run(lab, 10, tmp_path / "halves", resume=True, **options)
    expected, found = checkpoint(tmp_path / "straight"), checkpoint(tmp_path / "halves")
    assert expected.keys() == found.keys()
    assert {"objective/0.weight", "objective/1.running_mean", "optimizer/objective/0.weight/exp_avg"} <= expected.keys()
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())


def test_the_model_that_is_loaded_is_the_model_alone(lab, tmp_path, same_weights):
    trained = run(lab, 3, tmp_path).model
    assert same_weights(load_run(tmp_path).model, trained)


def test_validation_asks_the_networks_in_evaluation_mode(lab):
    modes = []

    class Watching(Playing):
        def with_auxiliary(self, model):
            ready = super().with_auxiliary(model)
            ready.networks.register_forward_pre_hook(lambda module, _: modes.append(module.training))
            return ready

    run(lab, 1, objective=Watching(), validation=lab.pictures(8))
    assert modes == [True, True, False, False]


def test_a_checkpoint_without_the_networks_is_refused(lab, tmp_path):
    run(lab, 2, tmp_path, objective=lambda *batch: objectives.VAE()(*batch))
    with pytest.raises(CheckpointError, match="lacks the state"):
        run(lab, 4, tmp_path, resume=True)


def test_networks_that_diverge_are_found(lab):
    from latentassay.core.errors import TrainingError

    class Broken(Playing):
        def with_auxiliary(self, model):
            ready = super().with_auxiliary(model)
            ready.networks[0].bias.register_hook(lambda gradient: gradient * float("nan"))
            return ready

    with pytest.raises(TrainingError, match="weights became NaN"):
        run(lab, 1, objective=Broken())


def test_an_objective_around_one_with_networks_has_them(lab):
    from latentassay.objectives.auxiliary_networks import with_auxiliary

    model, x = lab.make(), torch.rand(6, 1, 8, 8)
    around = objectives.Invariance(Playing(dropout=0.0))
    ready = with_auxiliary(around, model)
    assert len(list(ready.networks.parameters())) == 6 and ready.rate == 0.5
    loss = ready.loss(model, x, torch.Generator().manual_seed(0))
    assert {"ours", "theirs", "invariance"} == loss.parts.keys()
    loss.total.backward()
    assert ready.networks[0].weight.grad.abs().sum() > 0
    plain = objectives.Invariance(objectives.AE())
    assert with_auxiliary(plain, model).loss is plain and not list(with_auxiliary(plain, model).networks.parameters())
