"""The grid of IC on small digits: from runs to table and figures, numbers held against another way to them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.papers.consistency import scores
from latentassay.papers.consistency import table as make
from latentassay.papers.consistency.runs import SCALES, cells, digits, train
from latentassay.papers.consistency.table import named, wanted_cells
from latentassay.papers.responses.helix import one_thread
from latentassay.sampling import decode, encode

STEM = "consistency.grid-smoke"
ROWS = {
    f"{x}{family}{kind}"
    for family in ("AE", "VAE", "SAE")
    for x, kind in (("", ""), ("X", ""), ("XC", "-I"), ("XC", "-E"))
} | {"AVAE"}


def at_once(work, items, label):
    """As ``each`` does, but here: a process for every small model takes longer than the model."""
    for item in items:
        work(item)


@pytest.fixture(scope="module")
def made(reproduced):
    with pytest.MonkeyPatch.context() as patch, one_thread():
        for module in ("table", "pictures"):
            patch.setattr(sys.modules[f"latentassay.papers.consistency.{module}"], "each", at_once)
        return reproduced("consistency.grid")


@pytest.fixture(autouse=True)
def _thread():
    with one_thread():
        yield


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
    assert found.cell("XAE · no intervention, paper’s scale", f"SCN, hybrid, {scores.PAPER}").paper == 0.81
    names = {path.name.removeprefix(f"{STEM}-figure-") for path in folder.glob("*.png")}
    assert {"5b-26.png", "8.png", "5a-samples.png", "3-sae.png", "35-xsae.png", "30-33-xsae.png"} <= names
    assert (folder / "runs/smoke/xsae-s-seed11/report.html").exists()


@pytest.mark.long
def test_nothing_is_done_twice(made, trainings, monkeypatch):
    folder, before = made
    monkeypatch.setattr(scores, "invariance", None)
    assert make("smoke", folder).cells == before.cells and trainings == []


@pytest.mark.long
def test_errors_of_reconstructions_are_those_of_the_model(made):
    folder, found = made
    cell = next(cell for cell in cells("smoke", folder, None, 1) if cell.model == "xae-s")
    test, model = digits("digits", None).test, train(cell).model
    rows = np.random.default_rng(0).permutation(len(test))[-SCALES["smoke"].images :]
    x = test.batch(rows)
    again = decode(model, encode(model, x).mean)
    error = found.cell("XAE · pictures", scores.ERROR).ours
    assert error == pytest.approx(1000 * float((again - x).square().mean()), rel=1e-5)


def test_the_papers_scale_follows_from_ours():
    """e / σ_i of equation 5, where ours is e σ_m² / σ_i²: both from one matrix."""
    from latentassay import from_torch
    from latentassay.responses import invariance

    weights = torch.tensor([[1.0, 0.3, 0.0], [0.1, 2.0, 0.4], [0.0, 0.5, 0.7]])
    model = from_torch(lambda x: x @ weights, lambda z: z, latent_shape=(3,), prior=None)
    z = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    ours, theirs = (
        invariance(model, z, values=4, scale=scale, generator=torch.Generator().manual_seed(1))
        for scale in ("free", "paper")
    )
    off = ~torch.eye(3, dtype=torch.bool)
    expected = float(theirs.matrix[off].mean())
    assert scores._in_papers_scale(ours)[f"INV, {scores.PAPER}"] == pytest.approx(expected, rel=1e-5)


def test_traversals_move_one_unit_within_its_range():
    cell = cells("smoke", Path(), None, 1)[0]
    codes = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    moved = scores._traversed(cell, codes)
    changed = moved != codes
    assert (changed.sum(1) == 1).all() and set(changed.nonzero()[:, 1].tolist()) == {0, 1, 2, 3}
    assert (moved <= codes.max(0).values).all() and (moved >= codes.min(0).values).all()


def test_names_are_the_papers():
    assert {named(cell.family, cell.variant) for cell in cells("smoke", Path(), None, 1)} == ROWS
    assert len(cells("laptop", Path(), None, 2)) == 26
    assert [cell.seed for cell in cells("paper", Path(), None, 5)][::13] == [11, 13, 17, 37, 121]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"seeds": 6}, "the paper has 5 seeds"),
        ({"seeds": 0}, "seeds"),
        ({"data": {"cifar": "x"}}, "only mnist is used"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path, options, match):
    with pytest.raises(InputError, match=match):
        wanted_cells("smoke", tmp_path, **{"seeds": None, "data": None, **options})
    with pytest.raises(InputError, match="train on the cpu"):
        make("smoke", tmp_path, device="cuda")
