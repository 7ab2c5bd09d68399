"""What is done is not done again; what was interrupted goes on; what is other is refused."""

from dataclasses import replace

import pytest
import torch

from latentassay.core.errors import CheckpointError, InputError
from latentassay.data import helix
from latentassay.papers import runs
from latentassay.papers.runs import PLAN, TrainingPlan, has_scores, measure_once, train_or_load
from latentassay.training.checkpoint import read_manifest


def plan(**changes):
    words = {"data": "helix", "model": "vae-mlp", "hidden": (8,), "latents": 2, "likelihood": "squared", "beta": 0.05}
    return TrainingPlan(
        **{**words, "steps": 6, "batch_size": 16, "lr": 1e-2, "schedule": "cosine", "seed": 3, **changes}
    )


def load():
    return helix(64)


def weights(run):
    return torch.cat([value.flatten() for value in run.model.state_dict().values()])


def test_a_run_that_is_done_is_loaded_and_its_data_are_not(tmp_path, trainings):
    first = train_or_load(plan(), tmp_path / "run", load)
    second = train_or_load(plan(), tmp_path / "run", lambda: pytest.fail("the data were loaded"))
    assert trainings == [6] and second.step == 6 and not second.model.training
    torch.testing.assert_close(weights(first), weights(second), rtol=0, atol=0)


def test_nothing_is_kept_without_a_folder(tmp_path, monkeypatch, trainings):
    monkeypatch.chdir(tmp_path)
    train_or_load(plan(), None, load)
    train_or_load(plan(), None, load)
    assert trainings == [6, 6] and not list(tmp_path.iterdir())


def test_an_interrupted_run_goes_on_to_the_same_end(tmp_path, monkeypatch):
    whole, fit = train_or_load(plan(), None, load), runs.fit

    def cut(*args, steps, **options):
        return replace(fit(*args, steps=2, **options), interrupted=True)

    monkeypatch.setattr(runs, "fit", cut)
    with pytest.raises(KeyboardInterrupt):
        train_or_load(plan(), tmp_path / "run", load)
    monkeypatch.setattr(runs, "fit", fit)
    resumed = train_or_load(plan(), tmp_path / "run", load)
    assert resumed.step == 6
    torch.testing.assert_close(weights(whole), weights(resumed), rtol=0, atol=0)


def second(folder, **changes):
    """A plan that goes on from the run in a folder, with its encoder frozen."""
    return plan(steps=4, begins=read_manifest(folder).sha256, freeze=("encoder",), **changes)


def test_a_run_may_begin_with_the_weights_of_another_and_leave_a_part_of_them(tmp_path, trainings):
    first = train_or_load(plan(), tmp_path / "first", load)
    run = train_or_load(second(tmp_path / "first"), tmp_path / "second", load, start=tmp_path / "first")
    was, now = first.model.state_dict(), run.model.state_dict()
    assert run.step == 4 and all(torch.equal(was[name], now[name]) for name in was if name.startswith("encoder."))
    assert not any(torch.equal(was[name], now[name]) for name in was if name.startswith("decoder."))
    again = train_or_load(second(tmp_path / "first"), tmp_path / "second", load, start=tmp_path / "first")
    assert trainings == [6, 4] and torch.equal(weights(run), weights(again))


def test_other_weights_than_the_plan_names_are_not_begun_with(tmp_path):
    train_or_load(plan(), tmp_path / "first", load)
    train_or_load(plan(seed=4), tmp_path / "other", load)
    for start, got in ((tmp_path / "other", "other with"), (None, "None with None")):
        with pytest.raises(InputError, match=f"begins with the weights .* got .*{got}"):
            train_or_load(second(tmp_path / "first"), tmp_path / "second", load, start=start)
    train_or_load(second(tmp_path / "first"), tmp_path / "second", load, start=tmp_path / "first")
    with pytest.raises(InputError, match=r"another plan .*begins .* now"):
        train_or_load(second(tmp_path / "other"), tmp_path / "second", load, start=tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "message"), [({"steps": 7}, "steps 6, now 7"), ({"lr": 0.1}, r"lr 0\.01, now 0\.1")]
)
def test_a_run_of_another_plan_is_left_alone(tmp_path, change, message):
    train_or_load(plan(), tmp_path / "run", load)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(InputError, match=message):
        train_or_load(plan(**change), tmp_path / "run", load)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_damaged_and_unknown_runs_are_refused(tmp_path):
    train_or_load(plan(), tmp_path / "run", load)
    (tmp_path / "run" / PLAN).write_text("{}")
    with pytest.raises(CheckpointError, match="damaged"):
        train_or_load(plan(), tmp_path / "run", load)
    (tmp_path / "run" / PLAN).unlink()
    with pytest.raises(CheckpointError, match=f"without {PLAN}"):
        train_or_load(plan(), tmp_path / "run", load)


def test_data_that_cannot_be_loaded_leave_nothing_behind(tmp_path):
    def absent():
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        train_or_load(plan(), tmp_path / "run", absent)
    assert not list(tmp_path.iterdir())


def test_scores_are_kept_for_the_same_weights_and_settings(tmp_path):
    calls = []

    def measure():
        calls.append(1)
        return {"score": len(calls) / 8}

    folder = train_or_load(plan(), tmp_path / "run", load).path
    assert (
        measure_once(folder, "s", {"n": 1}, measure) == measure_once(folder, "s", {"n": 1}, measure) == {"score": 0.125}
    )
    assert measure_once(folder, "s", {"n": 2}, measure) == {"score": 0.25}
    assert measure_once(None, "s", {"n": 2}, measure) == {"score": 0.375}
    assert has_scores(folder, ["s"]) and not has_scores(folder, ["s", "t"])
    other = train_or_load(plan(seed=4), tmp_path / "other", load).path
    (other / "s.json").write_bytes((folder / "s.json").read_bytes())
    assert measure_once(other, "s", {"n": 2}, measure) == {"score": 0.5}
    (other / "s.json").write_bytes(b"\x80\x04")
    with pytest.raises(CheckpointError, match="pickle"):
        measure_once(other, "s", {"n": 2}, measure)
