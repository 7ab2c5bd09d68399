"""Which models of chapter 3 there are, and how long they train."""

import pytest

from latentassay.core.errors import InputError
from latentassay.papers.experiment import Options
from latentassay.papers.thesis.components.groups import ModelGroups
from latentassay.papers.thesis.components.orthogonality import RANDOM, TABLE_2, TABLE_3
from latentassay.papers.thesis.components.tasks import TASKS


@pytest.fixture
def groups(tmp_path):
    return ModelGroups(Options("smoke", tmp_path))


def test_every_number_that_the_thesis_prints_has_its_models(groups):
    assert {*groups.main} == {key for key in TABLE_3 if key[1] != RANDOM}
    assert {*groups.wide} == {*TABLE_2} and {*groups.ratios} == {1.0, 1.2, 1.5}
    assert all(own[0].latents == 10 for own in groups.wide.values())
    homes = [one.run_folder for one in groups.all]
    assert len(homes) == len(set(homes)) and all(home.name.isascii() for home in homes)
    assert {name for name, _ in groups.line} == {"dSprites", "Synth. Lin.", "Synth. Non-Lin."}


def test_scales_have_the_printed_beta_where_they_train_as_long(groups, tmp_path):
    full = ModelGroups(Options("paper", tmp_path))
    assert full.main["Synth. Lin.", "β-VAE"][0].beta == TASKS["Synth. Lin."].beta == 1e-4
    assert groups.main["Synth. Lin.", "β-VAE"][0].beta == 0.1
    assert {own[0].beta for own in groups.ratios.values()} == {0.1}
    assert len(full.main["dSprites", "β-VAE"]) == 10 and full.main["dSprites", "AE"][0].beta == 0


def test_printed_epochs_become_steps(tmp_path):
    """By hand: 80 % of the rows as often as table 3.1 says, in batches of 128; dSprites as on a laptop."""
    many = ModelGroups(Options("gpu", tmp_path))
    steps = {name: many.main[name, "AE"][0].steps for name in TABLE_2}
    assert steps == {
        "Synth. Lin.": 600 * 40_000 // 128,
        "Synth. Non-Lin.": 187_500,
        "MNIST": 400 * 56_000 // 128,
        "fMNIST": 218_750,
        "dSprites": 3000,
    }
    assert {one.scale for one in many.all if one.data == "dSprites"} == {"laptop"}
    assert {one.scale for one in many.all if one.data != "dSprites"} == {"gpu"}
    assert ModelGroups(Options("paper", tmp_path)).main["dSprites", "AE"][0].steps == 50 * 589_824 // 64


def test_seeds_are_at_most_those_of_the_scale(tmp_path):
    few = ModelGroups(Options("paper", tmp_path, seeds=2))
    assert {len(own) for own in few.main.values()} == {2} and {len(own) for own in few.wide.values()} == {1}
    for options in (Options("huge", tmp_path), Options("smoke", tmp_path, seeds=0)):
        with pytest.raises(InputError, match=r"scale must be one of|seeds must be"):
            ModelGroups(options)
