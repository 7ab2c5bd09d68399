"""Extrapolation: what stands in its table, what its figures show, and (long) all of it at scale smoke."""

import pytest

from latentassay.core.errors import InputError
from latentassay.papers import pool
from latentassay.papers.catalog import reproduce
from latentassay.papers.experiment import Options
from latentassay.papers.structure import extrapolation, phases
from latentassay.papers.structure.extrapolation import choose_examples, draw_figures, make_table
from latentassay.papers.structure.phases import ERROR, KEPT, SETTINGS, STDERR
from tests.papers.structure.two_phases import SCALE, configuration, draw_tiny


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(phases, "draw_shapes", draw_tiny)
    monkeypatch.setitem(phases.SCALES, "smoke", SCALE)
    phases.split_phases.cache_clear()
    yield
    phases.split_phases.cache_clear()


@pytest.fixture
def found(monkeypatch):
    """Errors that are known, in the place of trained models; those of β-VAE grow when both are updated."""

    def measure(one):
        model = list(SETTINGS[one.setting].models).index(one.model)
        value = {"neither": 10.0, "encoder": 8.0, "decoder": 2.0, "both": 1.0}[one.arm] + model + one.seed
        if one.model == "β-VAE" and one.arm == "both":
            value += 20
        return {ERROR: value, KEPT: value / (2 if one.arm == "neither" else 4), STDERR: 0.1}

    monkeypatch.setattr(extrapolation, "measure_error", measure)
    monkeypatch.setattr(extrapolation, "is_measured", lambda one: True)
    monkeypatch.setattr(extrapolation, "train", lambda one: type("Run", (), {"seconds": 30.0}))


def test_the_table_has_ours_beside_the_papers(found, tmp_path):
    made = make_table(Options("smoke", tmp_path, seeds=2))
    first, closed = (
        made.cell("SAE-12, no ball", "neither"),
        made.cell("SAE-12, no ball", extrapolation.CLOSED["encoder"]),
    )
    assert first.values == (10.0, 11.0) and first.paper == 13.21 and first.seeds == 2
    assert closed.ours == pytest.approx(2 / 9) and closed.paper == round((13.21 - 7.7) / (13.21 - 0.34), 2)
    assert made.cell("WAE, no camera", extrapolation.CLOSED["decoder"]).ours == pytest.approx(8 / 9)
    assert made.cell("β-VAE, no ball", extrapolation.CLOSED["encoder"]).seeds == 0  # there is no gap to close
    assert made.cell("AE, no camera: other values", "both").paper is None
    assert made.scale["time"].startswith("112 models, 56 minutes")
    for arm, ratio in (("neither", 2.0), ("decoder", 4.0)):
        assert made.cell("SAE-12, no ball", extrapolation.NOVEL.format(arm=arm)).values == (ratio, ratio)
    assert len(made.cells) == 14 * (4 + 2 + 4 + 4)


def test_what_is_refused(tmp_path):
    for changes, message in (
        ({"data": {"mnist": tmp_path}}, "needs no files, got --data mnist"),
        ({"scale": "huge"}, "scale must be one of"),
        ({"seeds": 0}, "seeds"),
    ):
        with pytest.raises(InputError, match=message):
            reproduce("structure.extrapolation", Options(**{"scale": "smoke", "folder": tmp_path, **changes}))


def test_pictures_show_the_extremes_of_what_was_held_out(tmp_path):
    data = phases.split_phases("smoke", tmp_path, "camera").held_out
    x = choose_examples(data, "orientation")
    angles = (x[:, 2, 8, 8] * 255 / 16).round().int().tolist()
    assert angles == [0, 14] and x.shape == (2, 3, 16, 16)


def test_table_and_pictures_come_from_the_same_runs(tmp_path, monkeypatch):
    """One model of each setting, in this process."""
    for name, setting in SETTINGS.items():
        monkeypatch.setitem(SETTINGS, name, setting._replace(models={"AE": setting.models["AE"]}))
    begun = []

    def run_each(work, models, label, *, processes):
        begun.extend(models)
        assert processes is None and label == "models"
        list(map(work, models))

    monkeypatch.setattr(pool, "run_each", run_each)
    monkeypatch.setattr(extrapolation, "draw_shapes", draw_tiny)
    made = make_table(Options("smoke", tmp_path))
    assert [(one.setting, one.model) for one in begun] == [("ball", "AE"), ("camera", "AE")]
    assert made.cell("AE, no ball", "both").ours == phases.measure_error(configuration(tmp_path, "both"))[ERROR]
    again = make_table(Options("smoke", tmp_path))
    assert again.cells == made.cells and len(begun) == 2

    pictures = {picture.name: picture for picture in draw_figures(Options("smoke", tmp_path))}
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
