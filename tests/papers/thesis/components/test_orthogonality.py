"""Chapter 3 of the thesis: which models are wanted, what is asked of one, and (long) the whole of it at scale smoke."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.geometry import distance_to_orthogonality
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.thesis.components import pictures, scores, table
from latentassay.papers.thesis.components.runs import SCALES, TASKS, parts, train, whole
from latentassay.papers.thesis.components.table import RANDOM, TABLE_2, TABLE_3, Wanted
from latentassay.sampling import encode


@pytest.fixture(autouse=True)
def _thread():
    with one_thread():
        yield


@pytest.fixture
def wanted(tmp_path):
    return Wanted("smoke", tmp_path, None, None)


def test_every_cell_that_the_thesis_prints_has_its_models(wanted):
    assert {*wanted.main} == {key for key in TABLE_3 if key[1] != RANDOM}
    assert {*wanted.wide} == {*TABLE_2} and {*wanted.ratios} == {1.0, 1.2, 1.5}
    assert all(own[0].latents == 10 for own in wanted.wide.values())
    homes = [cell.home for cell in wanted.all]
    assert len(homes) == len(set(homes)) and all(home.name.isascii() for home in homes)
    assert {name for name, _ in wanted.line} == {"dSprites", "Synth. Lin.", "Synth. Non-Lin."}


def test_scales_have_the_printed_beta_where_they_train_as_long(wanted, tmp_path):
    full = Wanted("paper", tmp_path, None, None)
    assert full.main["Synth. Lin.", "β-VAE"][0].beta == TASKS["Synth. Lin."].beta == 1e-4
    assert wanted.main["Synth. Lin.", "β-VAE"][0].beta == 0.1
    assert {own[0].beta for own in wanted.ratios.values()} == {0.1}
    assert len(full.main["dSprites", "β-VAE"]) == 10 and full.main["dSprites", "AE"][0].beta == 0


def test_printed_epochs_become_steps(tmp_path):
    """By hand: 80 % of the rows as often as table 3.1 says, in batches of 128; dSprites as on a laptop."""
    many = Wanted("gpu", tmp_path, None, None)
    steps = {name: many.main[name, "AE"][0].steps for name in TABLE_2}
    assert steps == {
        "Synth. Lin.": 600 * 40_000 // 128,
        "Synth. Non-Lin.": 187_500,
        "MNIST": 400 * 56_000 // 128,
        "fMNIST": 218_750,
        "dSprites": 3000,
    }
    assert {cell.scale for cell in many.all if cell.data == "dSprites"} == {"laptop"}
    assert {cell.scale for cell in many.all if cell.data != "dSprites"} == {"gpu"}
    assert Wanted("paper", tmp_path, None, None).main["dSprites", "AE"][0].steps == 50 * 589_824 // 64


def test_parts_do_not_meet_and_follow_the_seed(wanted):
    first, second = (cell for cell in (wanted.main["dSprites", "β-VAE"][k] for k in range(2)))
    learn, test = parts(first)
    data = whole("smoke", "dSprites", None)
    rows = {tuple(row) for row in learn.factors.tolist()} & {tuple(row) for row in test.factors.tolist()}
    assert (len(learn), len(test)) == (480, 60) and not rows
    assert data.factor_names == ("shape", "scale", "orientation", "x", "y") and data.x_shape == (1, 16, 16)
    assert not np.array_equal(parts(second).test.factors, test.factors)


def test_scores_of_a_model_are_what_the_functions_say(wanted):
    cell = wanted.main["Synth. Lin.", "β-VAE"][0]
    scores.measure(cell)
    assert scores.is_measured(cell)
    found, model = scores.of_model(cell), train(cell).model
    g = torch.Generator().manual_seed(0)
    points = SCALES["smoke"].points
    assert found[scores.DTO] == distance_to_orthogonality(model, parts(cell).test, generator=g, points=points).score
    means = encode(model, parts(cell).test).mean
    assert found[scores.ACTIVE] == 2 == int((means.std(0) > 0.5).sum())
    # A linear β-VAE on a 2:1 square finds its sides, as PCA does.
    assert found[scores.DTO] < 0.1 and found[scores.DS] > 0.9


def test_what_was_measured_needs_no_weights(wanted):
    cell = wanted.main["Synth. Lin.", "AE"][0]
    found = scores.of_model(cell)
    next(cell.home.glob("*.safetensors")).unlink()
    assert scores.of_model(cell) == found


def test_an_autoencoder_counts_all_its_units_and_has_no_regime(wanted):
    cell = wanted.main["Synth. Lin.", "AE"][0]
    found = scores.of_model(cell)
    assert scores.REGIME not in found and found[scores.DTO] == pytest.approx(found[scores.FULL])


def test_a_random_decoder_is_as_far_as_chance(wanted):
    cell = wanted.main["Synth. Lin.", "AE"][0]
    many = [scores.random_decoder(cell._replace(seed=seed), 2) for seed in range(60)]
    assert np.mean(many) == pytest.approx(0.55, abs=0.1)


def test_what_is_refused(tmp_path):
    with pytest.raises(InputError, match="device must be"):
        table("smoke", tmp_path, device="abacus")
    with pytest.raises(InputError, match="only mnist and fashion-mnist"):
        table("smoke", tmp_path, data={"shapes3d": tmp_path})
    with pytest.raises(InputError, match="scale must be one of"):
        Wanted("huge", tmp_path, None, None)


@pytest.mark.long
def test_the_whole_at_scale_smoke(reproduced, monkeypatch):
    folder, found = reproduced("pca.orthogonality")
    assert found.cell("Synth. Lin., β-VAE", scores.DTO).paper == 0.0
    assert found.cell("MNIST, random decoder", scores.DTO).ours > 1
    assert found.cell("Synth. Lin., β = 0.1", scores.DS).ours > 0.9
    assert found.cell("β-VAE, MNIST", f"{scores.REGIME}, d = 10").paper == 0.995
    names = {path.name.split("-smoke-")[1] for path in folder.glob("*.png")}
    assert {"figure-3-5.png", "figure-3-6-mnist.png", "figure-3-7-squares.png", "figure-3-7-dsprites.png"} <= names
    monkeypatch.setattr(scores, "separation", None)  # nothing is measured twice
    assert table("smoke", folder).cells == found.cells
    assert len(pictures("smoke", folder)) == len(names)
