"""Two phases: what each sees, what each arm leaves alone, and what is measured."""

import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.evaluation.extrapolation import ARMS
from latentassay.papers.experiment import Options
from latentassay.papers.runs import PLAN, TrainingPlan
from latentassay.papers.structure import phases
from latentassay.papers.structure.phases import ERROR, KEPT, SETTINGS, STDERR
from tests.papers.structure.two_phases import NAMES, SCALE, configuration, draw_tiny

PARTS = ("encoder", "decoder")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(phases, "draw_shapes", draw_tiny)
    monkeypatch.setitem(phases.SCALES, "smoke", SCALE)
    phases.split_phases.cache_clear()
    yield
    phases.split_phases.cache_clear()


def seen(data):
    return {tuple(codes) for codes in data.factors.tolist()}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_first_phase_never_sees_what_is_held_out_and_nobody_what_is_tested(tmp_path, setting):
    first, second, held_out, other = phases.split_phases("smoke", tmp_path, setting)
    column, values = NAMES.index(SETTINGS[setting].factor), set(SETTINGS[setting].values)
    assert not values & set(first.factors[:, column]) and values <= set(second.factors[:, column])
    assert seen(first) < seen(second) and len(second) == 240
    assert set(held_out.factors[:, column]) <= values and not values & set(other.factors[:, column])
    assert len(held_out) == len(other) == 15 and not (seen(held_out) | seen(other)) & seen(second)


def test_arms_begin_alike_and_leave_alone_what_they_do_not_update(tmp_path):
    states = {arm: phases.train(configuration(tmp_path, arm)).model.state_dict() for arm in ARMS}
    start = states["neither"]
    for arm, updated in {"neither": (), "encoder": ("encoder",), "decoder": ("decoder",), "both": tuple(PARTS)}.items():
        for part in PARTS:
            names = [name for name in start if name.startswith(f"{part}.")]
            moved = [name for name in names if not torch.equal(start[name], states[arm][name])]
            assert moved == (names if part in updated else []), (arm, part)


def test_plans_say_what_was_held_out_and_where_the_second_phase_began(tmp_path):
    first, second = (phases.train(configuration(tmp_path, arm, "camera", "WAE")).path for arm in ("neither", "decoder"))
    one, two = (TrainingPlan.model_validate_json((path / PLAN).read_bytes()) for path in (first, second))
    assert one.data.endswith("without orientation 0, 1, 13, 14") and two.data.endswith("all values")
    assert (one.begins, one.freeze, one.steps) == (None, (), 3)
    assert (two.begins, two.freeze, two.steps) == (phases.read_manifest(first).sha256, ("encoder",), 2)
    assert one.trains["name"] == "wae" and first != second


def test_a_first_phase_that_changed_is_not_gone_on_from(tmp_path, monkeypatch):
    phases.train(configuration(tmp_path, "both"))
    configuration(tmp_path).run_folder.rename(tmp_path / "gone")
    monkeypatch.setitem(phases.SCALES, "smoke", phases.SCALES["smoke"]._replace(first=4))
    with pytest.raises(InputError, match=r"another plan .*begins"):
        phases.train(configuration(tmp_path, "both"))


def test_the_error_is_the_mean_square_per_value(tmp_path):
    model, data = phases.train(configuration(tmp_path)).model, phases.split_phases("smoke", tmp_path, "ball").held_out
    with torch.no_grad():
        x = data.batch(range(15))
        by_hand = ((model.decode(model.encode(x).mean) - x) ** 2).reshape(15, -1).mean(1)
    scores = phases.measure_error(configuration(tmp_path))
    assert scores[ERROR] == pytest.approx(1000 * float(by_hand.mean()), rel=1e-5)
    assert scores[STDERR] == pytest.approx(1000 * float(by_hand.std()) / 15**0.5, rel=1e-5)
    assert scores[KEPT] != scores[ERROR]


def test_what_is_measured_is_not_measured_or_drawn_again(tmp_path, monkeypatch):
    phases.measure_arms(configuration(tmp_path, "both"))
    assert all(phases.is_measured(configuration(tmp_path, arm)) for arm in ARMS)
    before = {arm: phases.measure_error(configuration(tmp_path, arm)) for arm in ARMS}
    monkeypatch.setattr(phases, "draw_shapes", None)
    phases.split_phases.cache_clear()
    assert {arm: phases.measure_error(configuration(tmp_path, arm)) for arm in ARMS} == before


def test_models_seeds_and_arms_have_folders_of_their_own(tmp_path):
    grid = phases.list_configurations(Options("paper", tmp_path, seeds=2))
    assert len(grid) == 2 * 4 * 14 == len({one.run_folder for one in grid})
    assert all(one.run_folder.name.isascii() for one in grid) and grid[0].seed < grid[-1].seed


def test_the_papers_numbers_are_those_of_the_paper():
    ball, camera = (SETTINGS[name].models for name in ("ball", "camera"))
    assert ball["SAE-12"] == (13.21, 7.7, 0.42, 0.34) and camera["AdaAE-12"] == (4.8, 2.93, 0.59, 0.41)
    for models in (ball, camera):  # as its text says: the decoder closes the gap, the encoder does not
        assert all(neither > encoder > 2 * decoder for neither, encoder, decoder, _ in models.values())
