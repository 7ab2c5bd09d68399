"""``perturb``: how far values move, what stays, and that it comes out the same however often it is stopped."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from latentassay import data as data_module
from latentassay.core.errors import FileError, InputError, TrainingError
from latentassay.perturbation import dataset as module
from latentassay.perturbation import load_perturbed, manipulation, perturb, uniform_noise
from latentassay.perturbation.dataset import Game

EPS = (0.1, 0.2, 1 / 3, 0.175, 0.003, 0.99)


def moved_by(moved, parent):
    rows = np.arange(len(parent))
    x, y = parent.batch(rows), moved.batch(rows)
    return x, y, (y.double() - x.double()).abs().max(), (y - x).abs().max().double()


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("how", ["manipulation", "noise"])
def test_no_value_moves_further_than_eps_or_leaves_its_range(toy, tmp_path, eps, dtype, how):
    parent = toy.grid(dtype)
    if how == "noise":
        moved = uniform_noise(parent, out=tmp_path / "out", eps=eps)
    else:
        moved = toy.small(parent, tmp_path / "out", eps=eps, steps=2)
    x, y, exact, as_floats = moved_by(moved, parent)
    assert exact <= eps and as_floats <= eps and y.min() >= 0 and y.max() <= 1
    assert (dtype == np.uint8 and eps < 1 / 255) or not torch.equal(x, y)
    assert str(moved.store.dtype) == ("uint8" if dtype == np.uint8 else "float32")


def test_factors_names_and_order_are_the_parents(toy, tmp_path):
    parent, moved = toy.grid(), toy.small(toy.grid(), tmp_path)
    assert np.array_equal(moved.factors, parent.factors) and moved.factor_names == parent.factor_names
    assert moved.factor_sizes == parent.factor_sizes and moved.is_grid and moved.x_shape == parent.x_shape
    assert np.array_equal(moved.factors, toy.grid().factors)


def test_it_loads_like_any_other_with_its_provenance(toy, tmp_path):
    moved = toy.small(toy.grid(), tmp_path / "moved", seed=3)
    for again in (load_perturbed(tmp_path / "moved"), data_module.load(tmp_path / "moved")):
        assert torch.equal(again.batch([5, 2]), moved.batch([5, 2])) and again.name == "two areas, perturbed"
        plan = again.store.manifest.plan
        assert plan.eps == 0.1 and plan.seed == 3 and len(plan.training.entangled) == 2
        assert plan.parent.name == "two areas" and len(plan.parent.sha256) == 64
        assert again.split(0).train.store.manifest.plan == plan
    assert {path.name for path in (tmp_path / "moved").iterdir()} == {
        "perturbation.json",
        "images.npy",
        "factors.npy",
        "network.safetensors",
    }
    with pytest.raises(InputError, match="unexpected keyword"):
        data_module.load(tmp_path / "moved", size=3)


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(toy, tmp_path):
    for name in ("a", "b"):
        torch.rand(3)
        toy.small(toy.grid(), tmp_path / name)
    assert toy.bytes_of(tmp_path / "a") == toy.bytes_of(tmp_path / "b")
    toy.small(toy.grid(), tmp_path / "c", seed=1)
    assert toy.bytes_of(tmp_path / "a")["images.npy"] != toy.bytes_of(tmp_path / "c")["images.npy"]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", [1, 4, 6, 8])
def test_killed_at_any_step_it_goes_on_to_the_same_bytes(toy, tmp_path, monkeypatch, step):
    toy.small(toy.grid(), tmp_path / "straight")
    played, play = [], Game.take_step

    def dying(game):
        play(game)
        played.append(game.step)
        if len(played) == step:
            raise Killed

    monkeypatch.setattr(Game, "take_step", dying)
    with pytest.raises(Killed):
        toy.small(toy.grid(), tmp_path / "halves")
    with pytest.raises(FileError, match="not finished"):
        load_perturbed(tmp_path / "halves")
    torch.rand(5)
    toy.small(toy.grid(), tmp_path / "halves")
    assert played[step] == (step - 1) // 3 * 3 + 1  # begun after the last checkpoint, not at 0
    assert toy.bytes_of(tmp_path / "straight") == toy.bytes_of(tmp_path / "halves")


def test_killed_while_it_is_written_it_is_written_again(toy, tmp_path, monkeypatch):
    toy.small(toy.grid(), tmp_path / "straight")

    def dying(*_):
        yield np.zeros((10, 1, 8, 8), np.uint8)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(module, "_perturbed_blocks", dying)
        toy.small(toy.grid(), tmp_path / "halves")
    toy.small(toy.grid(), tmp_path / "halves")
    assert toy.bytes_of(tmp_path / "straight") == toy.bytes_of(tmp_path / "halves")


PROGRAM = """
import os, signal, sys, torch
torch.set_num_threads(1)
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import grid, small
from latentassay.perturbation.game import Game

play = Game.take_step
def dying(game):
    play(game)
    if game.step == 12:
        os.kill(os.getpid(), signal.SIGKILL)
Game.take_step = dying
small(grid(), Path(sys.argv[2]), steps=20, checkpoint_every=5)
"""


def test_a_process_that_is_killed_is_gone_on_with(toy, tmp_path):
    words = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path / "killed")]
    assert subprocess.run(words, timeout=120).returncode == -signal.SIGKILL
    assert [path.name for path in (tmp_path / "killed").glob("state-*")] == ["state-00000010.safetensors"]
    for name in ("killed", "straight"):
        toy.small(toy.grid(), tmp_path / name, steps=20, checkpoint_every=7)
    assert toy.bytes_of(tmp_path / "straight") == toy.bytes_of(tmp_path / "killed")


def test_a_finished_folder_is_read_and_not_made_again(toy, tmp_path, monkeypatch):
    toy.small(toy.grid(), tmp_path)
    before = toy.bytes_of(tmp_path)
    monkeypatch.setattr(Game, "take_step", lambda _: pytest.fail("it was trained again"))
    toy.small(toy.grid(), tmp_path)
    assert toy.bytes_of(tmp_path) == before


def test_ctrl_c_keeps_what_was_done(toy, tmp_path, monkeypatch):
    play = Game.take_step

    def interrupted(game):
        play(game)
        if game.step == 4:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Game, "take_step", interrupted)
        toy.small(toy.grid(), tmp_path / "a")
    assert (tmp_path / "a" / "state-00000004.safetensors").exists()
    toy.small(toy.grid(), tmp_path / "a")
    toy.small(toy.grid(), tmp_path / "b")
    assert toy.bytes_of(tmp_path / "a") == toy.bytes_of(tmp_path / "b")


def test_models_data_modes_threads_and_random_state_are_left_as_they_were(toy, tmp_path):
    parent, model = toy.grid(), toy.vae(0).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state, images = torch.get_rng_state(), parent.batch(range(len(parent)))
    toy.small(parent, tmp_path, entangled=[model])
    assert model.training and all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state()) and torch.equal(images, parent.batch(range(len(parent))))


def test_the_network_comes_back_with_the_losses_of_its_training(toy, tmp_path):
    moved = toy.small(toy.grid(), tmp_path / "a")
    network, losses, before = manipulation(tmp_path / "a")
    assert before.shape == (2,) and (before > 0).all()
    assert losses.shape == (8, 2) and torch.isfinite(losses).all() and not network.training
    from latentassay.perturbation.game import manipulate
    from latentassay.perturbation.network import scale_factors

    w = scale_factors(moved.factors, moved.factor_sizes)
    with torch.no_grad():
        wanted = manipulate(network, toy.grid().batch(range(144)), w, 0.1)
    assert float((wanted - moved.batch(range(144))).abs().max()) <= 0.5 / 255 + 1e-6
    uniform_noise(toy.grid(), out=tmp_path / "noise")
    with pytest.raises(InputError, match="no network"):
        manipulation(tmp_path / "noise")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be"),
        ({"batch_size": True}, "batch_size"),
        ({"lr": 0}, "lr must be"),
        ({"loss": "absolute"}, "loss must be"),
        ({"seed": -1}, "seed must be"),
        ({"network": "big"}, "network must be one of"),
        ({"network": "conv-64"}, "side 64"),
        ({"device": "abacus"}, "device must be"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"decoder_steps": 0}, "decoder_steps"),
    ],
)
def test_options_out_of_range_are_refused(toy, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        toy.small(toy.grid(), tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_another_version_does_not_go_on(toy, tmp_path, monkeypatch):
    toy.small(toy.grid(), tmp_path)
    monkeypatch.setattr(module, "versions", lambda: {"torch": "0"})
    with pytest.raises(InputError, match="versions"):
        toy.small(toy.grid(), tmp_path)


def test_threads_stay_as_they_were_begun(toy, tmp_path):
    toy.small(toy.grid(), tmp_path)
    torch.set_num_threads(2)
    assert toy.small(toy.grid(), tmp_path).store.manifest.plan.training.threads == 1
    assert torch.get_num_threads() == 2


def test_what_is_no_number_ends_it(toy, tmp_path):
    broken = toy.vae(5)
    with torch.no_grad():
        broken.decoder[-2].bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match="NaN or infinite by step 3"):
        toy.small(toy.grid(), tmp_path, entangled=[broken])


def test_a_path_may_be_words(toy, tmp_path):
    assert len(uniform_noise(toy.grid(), out=str(tmp_path / "x"))) == len(load_perturbed(str(tmp_path / "x")))
    assert perturb.__doc__
