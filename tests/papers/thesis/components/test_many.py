"""Chapter 3 trained side by side: the same runs as one by one, and what happens when time is up."""

import pytest
import torch

from latentassay.core.errors import CheckpointError
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.thesis.components import many, scores
from latentassay.papers.thesis.components.many import train_all
from latentassay.papers.thesis.components.runs import SCALES, Size, is_trained, parts, plan_of, train, whole
from latentassay.papers.thesis.components.table import Wanted, _length
from latentassay.training import load_run


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """One thread, few rows, and none of them for other tests."""
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(squares=500, dots=Size(60, 32, 2), points=10))
    whole.cache_clear()
    with one_thread():
        yield
    whole.cache_clear()


def cells(folder, variant="β-VAE", data="Synth. Non-Lin."):
    return Wanted("smoke", folder, None, None).main[data, variant]


def test_side_by_side_is_one_by_one(tmp_path, monkeypatch):
    ours, theirs = cells(tmp_path / "a", "AE"), cells(tmp_path / "b", "AE")
    train_all([*ours, *cells(tmp_path / "a")], device="cpu")
    assert all(is_trained(cell) for cell in ours)
    for own, other in zip(ours, theirs, strict=True):
        x = parts(own).test.batch(range(5))
        torch.testing.assert_close(
            train(own).model.encode(x).mean, train(other).model.encode(x).mean, rtol=1e-4, atol=1e-5
        )
        assert plan_of(own) == plan_of(other)
    monkeypatch.setattr(many, "fit_many", None)  # nothing is trained twice
    train_all([*ours, *theirs], device="cpu")


def test_models_trained_side_by_side_are_measured(tmp_path):
    (cell, *_) = own = cells(tmp_path, "AE", "Synth. Lin.")
    train_all(own, device="cpu")
    scores.measure(cell)
    assert scores.is_measured(cell) and 0 <= scores.of_model(cell)[scores.DTO] < 2
    assert _length(own, "Synth. Lin.") == "60 steps of 32 (4.8 epochs; the thesis 600)"


def test_time_that_is_up_is_told_in_the_plan(tmp_path, monkeypatch):
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(dots=Size(10**7, 32, 1)))
    (cell,) = own = cells(tmp_path)
    train_all(own, device="cpu", seconds=0.3)
    steps = load_run(cell.home).step
    assert 0 < steps < 10**7 and plan_of(cell).steps == steps
    assert is_trained(cell) and train(cell).step == steps
    assert _length(own, cell.data).startswith(f"{steps:,} steps of 32")


def test_ctrl_c_leaves_nothing_half_done(tmp_path, monkeypatch):
    real = many.fit_many
    monkeypatch.setattr(many, "fit_many", lambda *args, **options: real(*args, **(options | {"seconds": 1e-9})))
    (cell, *_) = own = cells(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train_all(own, device="cpu")
    assert not is_trained(cell) and train(cell).step == 60


def test_what_was_begun_otherwise_goes_on_otherwise(tmp_path):
    own = cells(tmp_path)
    train(own[0])
    before = load_run(own[0].home).seconds
    train_all(own, device="cpu")
    assert load_run(own[0].home).seconds == before and is_trained(own[1])


def test_pictures_round_and_dots_do_not(tmp_path):
    wanted = Wanted("smoke", tmp_path, None, None)
    for name, precision in (("MNIST", "tf32"), ("Synth. Lin.", "float32"), ("dSprites", "tf32")):
        cell = wanted.main[name, "AE"][0]
        assert many._training(cell, plan_of(cell), {}).precision == precision


def test_a_damaged_plan_is_told(tmp_path):
    (cell, *_) = cells(tmp_path)
    train(cell)
    (cell.home / "plan.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"plan\.json"):
        is_trained(cell)
