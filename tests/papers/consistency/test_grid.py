"""The grid of IC on small digits: from runs to table and figures, numbers held against another way to them."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.papers.consistency import scores
from latentassay.papers.consistency.configurations import SCALES, list_configurations, load_digits, train
from latentassay.papers.consistency.grid import EXPERIMENT, group_seeds, make_table
from latentassay.papers.experiment import Options
from latentassay.sampling import decode, encode

STEM = "consistency.grid-smoke"
ROWS = {
    f"{x}{family}{kind}"
    for family in ("AE", "VAE", "SAE")
    for x, kind in (("", ""), ("X", ""), ("XC", "-I"), ("XC", "-E"))
} | {"AVAE"}


@pytest.fixture(scope="module")
def made(reproduced):
    return reproduced("consistency.grid")


@pytest.mark.long
def test_every_model_has_its_numbers(made):
    folder, found = made
    assert {row.split(" · ")[0] for row in found.rows} == ROWS
    for row in found.rows:
        model, about = row.split(" · ")
        if about == "pictures":
            assert 0 < found.cell(row, scores.ERROR).ours < 1000 and found.cell(row, "FD, samples").ours > 0
        if about == "interventions":
            assert (found.cell(row, scores.EQV) is not None) <= ("X" in model)
            assert 0 <= found.cell(row, scores.COLLAPSED).ours <= 6
        if about == "no intervention":
            assert (found.cell(row, "SCN, prior") is not None) == model.endswith(("VAE", "VAE-I", "VAE-E"))
        if about == "structure":
            assert (found.cell(row, scores.SPARSE) is not None) == model.startswith("X")
            assert 0 < found.cell(row, scores.P_VALUE).ours <= 1
    clamped = found.cell("XAE · no intervention, authors’ average", f"SCN, hybrid, {scores.AUTHORS}")
    assert clamped.paper == 0.81 and 0 <= clamped.ours <= 1
    printed = found.cell("XAE · no intervention, paper’s scale", f"SCN, hybrid, {scores.PAPER}")
    assert printed.paper is None and printed.ours <= clamped.ours
    names = {path.name.removeprefix(f"{STEM}-figure-") for path in folder.glob("*.png")}
    assert {"5b-26.png", "8.png", "5a-samples.png", "3-sae.png", "35-xsae.png", "30-33-xsae.png"} <= names
    assert (folder / "runs/smoke/xsae-s-seed11/report.html").exists()


@pytest.mark.long
def test_nothing_is_done_twice(made, trainings, monkeypatch):
    folder, before = made
    monkeypatch.setattr(scores, "invariance", None)
    assert make_table(Options("smoke", folder)).cells == before.cells and trainings == []


@pytest.mark.long
def test_errors_of_reconstructions_are_those_of_the_model(made):
    folder, found = made
    xae = next(one for one in list_configurations(Options("smoke", folder)) if one.model == "xae-s")
    test, model = load_digits(xae).test, train(xae).model
    rows = np.random.default_rng(0).permutation(len(test))[-SCALES["smoke"].images :]
    x = test.batch(rows)
    again = decode(model, encode(model, x).mean)
    error = found.cell("XAE · pictures", scores.ERROR).ours
    assert error == pytest.approx(1000 * float((again - x).square().mean()), rel=1e-5)


def test_rows_are_the_papers_families_together(tmp_path):
    groups = group_seeds(list_configurations(Options("laptop", tmp_path)))
    assert set(groups) == ROWS and list(groups)[:5] == ["AE", "XAE", "XCAE-I", "XCAE-E", "VAE"]
    assert all(len(own) == 2 for own in groups.values())


def test_what_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(InputError, match="--data may name mnist"):
        EXPERIMENT.check(Options("smoke", tmp_path, data={"cifar": "x"}))
    with pytest.raises(InputError, match="train on the cpu"):
        make_table(Options("smoke", tmp_path, device="cuda"))
