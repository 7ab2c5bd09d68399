"""Extrapolation: what each phase sees, what each arm leaves alone, what is measured, and what stands in the table."""

from importlib import import_module
from itertools import product

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.data import FactorData
from latentassay.evaluation.extrapolation import ARMS
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.runs import PLAN, Plan
from latentassay.papers.structure import extrapolation
from latentassay.papers.structure.extrapolation import runs
from latentassay.papers.structure.extrapolation.pictures import shown
from latentassay.papers.structure.extrapolation.runs import ERROR, KEPT, SETTINGS, STDERR, Cell

tables = import_module("latentassay.papers.structure.extrapolation.table")
NAMES, SIZES = ("hue", "shape", "orientation"), (8, 4, 15)
PARTS = ("encoder", "decoder")


def tiny(scale, folder, pooled):
    """A picture for each combination of three factors; a pixel's colour is one of them."""
    codes = np.array(list(product(*map(range, SIZES))))
    images = np.zeros((len(codes), 16, 16, 3), np.uint8)
    images[:, 4:12, 4:12] = (codes * [30, 60, 16])[:, None, None]
    return FactorData(images, codes, NAMES, SIZES, layout="hwc", name="tiny").split()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(runs, "shapes", tiny)
    monkeypatch.setitem(runs.SCALES, "smoke", runs.Scale(2, 240, 3, 2, 8, 1e-2, 1, 15))
    runs.parts.cache_clear()
    with one_thread():
        yield
    runs.parts.cache_clear()


def cell(folder, arm="neither", setting="ball", model="AE", seed=0):
    return Cell("smoke", folder, setting, model, seed, arm)


def seen(data):
    return {tuple(codes) for codes in data.factors.tolist()}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_first_phase_never_sees_what_is_held_out_and_nobody_what_is_tested(tmp_path, setting):
    first, second, held_out, other = runs.parts("smoke", tmp_path, setting)
    column, values = NAMES.index(SETTINGS[setting].factor), set(SETTINGS[setting].values)
    assert not values & set(first.factors[:, column]) and values <= set(second.factors[:, column])
    assert seen(first) < seen(second) and len(second) == 240
    assert set(held_out.factors[:, column]) <= values and not values & set(other.factors[:, column])
    assert len(held_out) == len(other) == 15 and not (seen(held_out) | seen(other)) & seen(second)


def test_arms_begin_alike_and_leave_alone_what_they_do_not_update(tmp_path):
    states = {arm: runs.train(cell(tmp_path, arm)).model.state_dict() for arm in ARMS}
    start = states["neither"]
    for arm, updated in {"neither": (), "encoder": ("encoder",), "decoder": ("decoder",), "both": tuple(PARTS)}.items():
        for part in PARTS:
            names = [name for name in start if name.startswith(f"{part}.")]
            moved = [name for name in names if not torch.equal(start[name], states[arm][name])]
            assert moved == (names if part in updated else []), (arm, part)


def test_plans_say_what_was_held_out_and_where_the_second_phase_began(tmp_path):
    first, second = (runs.train(cell(tmp_path, arm, "camera", "WAE")).path for arm in ("neither", "decoder"))
    one, two = (Plan.model_validate_json((path / PLAN).read_bytes()) for path in (first, second))
    assert one.data.endswith("without orientation 0, 1, 13, 14") and two.data.endswith("all values")
    assert (one.begins, one.freeze, one.steps) == (None, (), 3)
    assert (two.begins, two.freeze, two.steps) == (runs.read_manifest(first).sha256, ("encoder",), 2)
    assert one.trains["name"] == "wae" and first != second


def test_a_first_phase_that_changed_is_not_gone_on_from(tmp_path, monkeypatch):
    runs.train(cell(tmp_path, "both"))
    cell(tmp_path).home.rename(tmp_path / "gone")
    monkeypatch.setitem(runs.SCALES, "smoke", runs.SCALES["smoke"]._replace(first=4))
    with pytest.raises(InputError, match=r"another plan .*begins"):
        runs.train(cell(tmp_path, "both"))


def test_the_error_is_the_mean_square_per_value(tmp_path):
    model, data = runs.train(cell(tmp_path)).model, runs.parts("smoke", tmp_path, "ball").held_out
    with torch.no_grad():
        x = data.batch(range(15))
        by_hand = ((model.decode(model.encode(x).mean) - x) ** 2).reshape(15, -1).mean(1)
    scores = runs.measure(cell(tmp_path))
    assert scores[ERROR] == pytest.approx(1000 * float(by_hand.mean()), rel=1e-5)
    assert scores[STDERR] == pytest.approx(1000 * float(by_hand.std()) / 15**0.5, rel=1e-5)
    assert scores[KEPT] != scores[ERROR]


def test_what_is_measured_is_not_measured_or_drawn_again(tmp_path, monkeypatch):
    runs.measure_arms(cell(tmp_path, "both"))
    assert all(runs.is_measured(cell(tmp_path, arm)) for arm in ARMS)
    before = {arm: runs.measure(cell(tmp_path, arm)) for arm in ARMS}
    monkeypatch.setattr(runs, "shapes", None)
    runs.parts.cache_clear()
    assert {arm: runs.measure(cell(tmp_path, arm)) for arm in ARMS} == before


def test_models_seeds_and_arms_have_folders_of_their_own(tmp_path):
    wanted = runs.cells("paper", tmp_path, 2)
    assert len(wanted) == 2 * 4 * 14 == len({cell.home for cell in wanted})
    assert all(cell.home.name.isascii() for cell in wanted) and wanted[0].seed < wanted[-1].seed


def test_the_papers_numbers_are_those_of_the_paper():
    ball, camera = (SETTINGS[name].models for name in ("ball", "camera"))
    assert ball["SAE-12"] == (13.21, 7.7, 0.42, 0.34) and camera["AdaAE-12"] == (4.8, 2.93, 0.59, 0.41)
    for models in (ball, camera):  # as its text says: the decoder closes the gap, the encoder does not
        assert all(neither > encoder > 2 * decoder for neither, encoder, decoder, _ in models.values())


@pytest.fixture
def found(monkeypatch):
    """Errors that are known, in the place of trained models; those of β-VAE grow when both are updated."""

    def measure(cell):
        model = list(SETTINGS[cell.setting].models).index(cell.model)
        value = {"neither": 10.0, "encoder": 8.0, "decoder": 2.0, "both": 1.0}[cell.arm] + model + cell.seed
        if cell.model == "β-VAE" and cell.arm == "both":
            value += 20
        return {ERROR: value, KEPT: value / (2 if cell.arm == "neither" else 4), STDERR: 0.1}

    monkeypatch.setattr(tables, "measure", measure)
    monkeypatch.setattr(tables, "is_measured", lambda cell: True)
    monkeypatch.setattr(tables, "train", lambda cell: type("Run", (), {"seconds": 30.0}))


def test_the_table_has_ours_beside_the_papers(found, tmp_path):
    made = extrapolation.table("smoke", tmp_path, seeds=2)
    first, closed = made.cell("SAE-12, no ball", "neither"), made.cell("SAE-12, no ball", tables.CLOSED["encoder"])
    assert first.values == (10.0, 11.0) and first.paper == 13.21 and first.seeds == 2
    assert closed.ours == pytest.approx(2 / 9) and closed.paper == round((13.21 - 7.7) / (13.21 - 0.34), 2)
    assert made.cell("WAE, no camera", tables.CLOSED["decoder"]).ours == pytest.approx(8 / 9)
    assert made.cell("β-VAE, no ball", tables.CLOSED["encoder"]).seeds == 0  # there is no gap to close
    assert made.cell("AE, no camera: other values", "both").paper is None
    assert made.scale["time"].startswith("112 models, 56 minutes")
    for arm, ratio in (("neither", 2.0), ("decoder", 4.0)):
        assert made.cell("SAE-12, no ball", tables.NOVEL.format(arm=arm)).values == (ratio, ratio)
    assert len(made.cells) == 14 * (4 + 2 + 4 + 4)


def test_what_is_refused(tmp_path):
    with pytest.raises(InputError, match="need no files, got --data mnist"):
        extrapolation.table("smoke", tmp_path, data={"mnist": tmp_path})
    with pytest.raises(InputError, match="scale must be one of"):
        extrapolation.table("huge", tmp_path)
    with pytest.raises(InputError, match="seeds"):
        extrapolation.table("smoke", tmp_path, seeds=0)


def test_pictures_show_the_extremes_of_what_was_held_out(tmp_path):
    data = runs.parts("smoke", tmp_path, "camera").held_out
    x = shown(data, "orientation")
    angles = (x[:, 2, 8, 8] * 255 / 16).round().int().tolist()
    assert angles == [0, 14] and x.shape == (2, 3, 16, 16)


def test_table_and_pictures_come_from_the_same_runs(tmp_path, monkeypatch):
    """One model of each setting, in this process."""
    for name, setting in SETTINGS.items():
        monkeypatch.setitem(SETTINGS, name, setting._replace(models={"AE": setting.models["AE"]}))
    begun = []

    def each(work, models, label, *, processes):
        begun.extend(models)
        assert processes is None and label == "models"
        list(map(work, models))

    monkeypatch.setattr(tables, "each", each)
    monkeypatch.setattr(tables, "shapes", tiny)
    made = extrapolation.table("smoke", tmp_path)
    assert [(one.setting, one.model) for one in begun] == [("ball", "AE"), ("camera", "AE")]
    assert made.cell("AE, no ball", "both").ours == runs.measure(cell(tmp_path, "both"))[ERROR]
    again = extrapolation.table("smoke", tmp_path)
    assert again.cells == made.cells and len(begun) == 2

    pictures = {picture.name: picture for picture in extrapolation.pictures("smoke", tmp_path)}
    assert list(pictures) == ["figure-7", "figure-7-errors", "figure-12", "figure-12-errors"]
    axes = pictures["figure-7"].figure.axes
    assert axes[4].get_xlabel() == f"{made.cell('AE, no ball', 'both').ours:.3g}"
    assert "(orientation 0, 1, 13, 14)" in pictures["figure-12"].caption


@pytest.mark.long
def test_the_whole_at_scale_smoke(reproduced, monkeypatch):
    monkeypatch.undo()
    folder, made = reproduced("structure.extrapolation")
    assert made.cell("SAE-12, no ball", "both").ours > 0
    assert {path.stem.split("-smoke-")[1] for path in folder.glob("*.png")} == {
        "figure-7",
        "figure-7-errors",
        "figure-12",
        "figure-12-errors",
    }
