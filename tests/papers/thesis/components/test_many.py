"""Chapter 3 trained side by side: the same runs as one by one, and what happens when time is up."""

import pytest
import torch

from latentassay.core.errors import CheckpointError
from latentassay.papers.experiment import Options
from latentassay.papers.thesis.components import many, scores
from latentassay.papers.thesis.components.configurations import is_trained, make_plan, split, train
from latentassay.papers.thesis.components.data_sets import load_whole
from latentassay.papers.thesis.components.groups import ModelGroups
from latentassay.papers.thesis.components.many import train_side_by_side
from latentassay.papers.thesis.components.orthogonality import _describe_length
from latentassay.papers.thesis.components.scales import SCALES, TrainingSize
from latentassay.training import load_run


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Few rows, and none of them for other tests."""
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(squares=500, dots=TrainingSize(60, 32, 2), points=10))
    load_whole.cache_clear()
    yield
    load_whole.cache_clear()


def models(folder, variant="β-VAE", data="Synth. Non-Lin."):
    return ModelGroups(Options("smoke", folder)).main[data, variant]


def test_side_by_side_is_one_by_one(tmp_path, monkeypatch):
    ours, theirs = models(tmp_path / "a", "AE"), models(tmp_path / "b", "AE")
    train_side_by_side([*ours, *models(tmp_path / "a")], device="cpu")
    assert all(is_trained(one) for one in ours)
    for own, other in zip(ours, theirs, strict=True):
        x = split(own).test.batch(range(5))
        torch.testing.assert_close(
            train(own).model.encode(x).mean, train(other).model.encode(x).mean, rtol=1e-4, atol=1e-5
        )
        assert make_plan(own) == make_plan(other)
    monkeypatch.setattr(many, "fit_many", None)  # nothing is trained twice
    train_side_by_side([*ours, *theirs], device="cpu")


def test_models_trained_side_by_side_are_measured(tmp_path):
    (one, *_) = own = models(tmp_path, "AE", "Synth. Lin.")
    train_side_by_side(own, device="cpu")
    scores.measure_all(one)
    assert scores.is_measured(one) and 0 <= scores.measure_model(one)[scores.DTO] < 2
    assert _describe_length(own, "Synth. Lin.") == "60 steps of 32 (4.8 epochs; the thesis 600)"


def test_time_that_is_up_is_in_the_plan(tmp_path, monkeypatch):
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(dots=TrainingSize(10**7, 32, 1)))
    (one,) = own = models(tmp_path)
    train_side_by_side(own, device="cpu", seconds=0.3)
    steps = load_run(one.run_folder).step
    assert 0 < steps < 10**7 and make_plan(one).steps == steps
    assert is_trained(one) and train(one).step == steps
    assert _describe_length(own, one.data).startswith(f"{steps:,} steps of 32")


def test_ctrl_c_leaves_nothing_half_done(tmp_path, monkeypatch):
    real = many.fit_many
    monkeypatch.setattr(many, "fit_many", lambda *args, **options: real(*args, **(options | {"seconds": 1e-9})))
    (one, *_) = own = models(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train_side_by_side(own, device="cpu")
    assert not is_trained(one) and train(one).step == 60


def test_what_was_begun_otherwise_goes_on_otherwise(tmp_path):
    own = models(tmp_path)
    train(own[0])
    before = load_run(own[0].run_folder).seconds
    train_side_by_side(own, device="cpu")
    assert load_run(own[0].run_folder).seconds == before and is_trained(own[1])


def test_pictures_round_and_dots_do_not(tmp_path):
    groups = ModelGroups(Options("smoke", tmp_path))
    for name, precision in (("MNIST", "tf32"), ("Synth. Lin.", "float32"), ("dSprites", "tf32")):
        one = groups.main[name, "AE"][0]
        assert many._make_training(one, make_plan(one), {}).precision == precision


def test_a_damaged_plan_is_named(tmp_path):
    (one, *_) = models(tmp_path)
    train(one)
    (one.run_folder / "plan.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"plan\.json"):
        is_trained(one)
