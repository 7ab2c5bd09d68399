"""The ablation of the penalty of invariance: what each setting trains with, and a small run."""

import pytest

from latentassay import objectives
from latentassay.core.errors import InputError
from latentassay.objectives.consistency import AUTHORS
from latentassay.papers.consistency import scores
from latentassay.papers.consistency.ablation import (
    ALL_DEAD,
    EXPERIMENT,
    SCALES,
    SETTINGS,
    AblationConfiguration,
    list_configurations,
    make_table,
)
from latentassay.papers.experiment import Options


def plan(setting, part="digits", scale="laptop"):
    return AblationConfiguration(scale=scale, folder=None, files=None, part=part, setting=setting, seed=11).plan()


def test_every_choice_of_the_authors_is_a_setting_of_its_own():
    switched = [
        option for setting in SETTINGS.values() if len(setting.options or {}) in (1, 3) for option in setting.options
    ]
    assert set(switched) == set(AUTHORS)
    for name in ("norm", "detached", "posterior", "many", "updated", "separate"):
        assert SETTINGS[name].options.items() <= AUTHORS.items()


def test_a_setting_changes_what_it_says_and_nothing_else():
    base = plan("printed").trains
    assert base == objectives.spec(objectives.Invariance(objectives.AE(), 4.0))
    assert plan("norm").trains == {**base, "distance": "norm"}
    assert plan("without").trains == {"name": "ae"} and plan("without").likelihood == plan("printed").likelihood
    assert plan("doubled").trains == base and plan("doubled").likelihood["std"] == pytest.approx(0.5**0.5)
    ramped = plan("ramped").trains
    assert (ramped["name"], ramped["over"], ramped["base"]) == ("ramped", 200, base)
    whole = plan("authors", part="mnist").trains
    assert whole["base"] == {**base, **AUTHORS} and whole["over"] == 100
    vae = plan("vae-authors").trains["base"]
    assert vae["base"]["name"] == "ramped" and vae["base"]["base"]["beta"] == 4 and vae["latents"] == "prior"


def test_all_settings_have_a_row_and_a_folder_of_their_own(tmp_path):
    grid = list_configurations(Options("laptop", tmp_path))
    assert len({one.run_folder for one in grid}) == len(grid) == 2 * 5 * len(SETTINGS)
    assert len({one.row for one in grid}) == 2 * len(SETTINGS)
    assert {one.part for one in list_configurations(Options("digits", tmp_path))} == {"digits"}
    with pytest.raises(InputError, match="train on the cpu"):
        make_table(Options("smoke", tmp_path, device="cuda"))


@pytest.mark.long
def test_a_small_run_has_every_number_and_is_not_done_again(tmp_path, monkeypatch):
    found = make_table(Options("smoke", tmp_path))
    assert len(found.rows) == len(SCALES["smoke"].settings)
    for row in found.rows:
        assert 0 < found.cell(row, scores.ERROR).ours < 1000 and 0 <= found.cell(row, ALL_DEAD).ours <= 1
        assert 0 <= found.cell(row, f"SCN, hybrid, {scores.AUTHORS}").ours <= 1
    monkeypatch.setattr("latentassay.papers.consistency.ablation.invariance", None)
    assert make_table(Options("smoke", tmp_path)).cells == found.cells
    assert "ablation" in EXPERIMENT.name
