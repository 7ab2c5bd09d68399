"""Table 1 of structure by architecture: its models, their data, what is asked of one, and (long) all at scale smoke."""

from pathlib import Path

import numpy as np
import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import InputError
from latentassay.data.shapes3d import shapes3d
from latentassay.evaluation.fidelity import fidelity
from latentassay.metrics import mig
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.structure import scores
from latentassay.papers.structure.pictures import CHUNKED, SHEETS, codes
from latentassay.papers.structure.runs import (
    MODELS,
    SCALES,
    Cell,
    Small,
    cells,
    objective_of,
    plan_of,
    shapes,
    train,
)
from latentassay.papers.structure.table import PAPER, table
from latentassay.sampling import encode


@pytest.fixture(autouse=True)
def _thread():
    with one_thread():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("structure")


@pytest.fixture
def brief(monkeypatch):
    """Scale smoke, briefer still."""
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(steps=6, images=12))


def test_models_are_the_papers():
    assert {*PAPER} == {*MODELS} - {"SAE-3", "SAE-2"}
    assert {*SHEETS, *CHUNKED} <= {*MODELS}
    assert {model.network for model in MODELS.values()} <= {*models.NAMES}
    homes = [cell.home for cell in cells("paper", Path("x"), 5)]
    assert len(homes) == len(set(homes)) == 5 * len(MODELS) and all(str(home).isascii() for home in homes)


@pytest.mark.parametrize("scale", ["paper", "laptop"])
def test_weights_are_the_published_beside_a_sum_over_pixels(scale):
    share = SCALES[scale].pooled ** 2
    assert objective_of("β-VAE", SCALES[scale]) == objectives.spec(objectives.BetaVAE(2 / share))
    assert objective_of("β-TCVAE", SCALES[scale])["beta"] == 4 / share
    assert objective_of("FVAE", SCALES[scale])["gamma"] == 40 / share
    assert objective_of("SAE-12", SCALES[scale]) == {"name": "ae"}


def test_plans_of_the_paper(tmp_path):
    plan = plan_of(Cell("paper", tmp_path, "SAE-12", 3))
    assert (plan.steps, plan.batch_size, plan.lr, plan.seed) == (100_000, 128, 5e-4, 3)
    assert plan.networks == {"filters": 64} and plan.precision == "float32"
    assert plan_of(Cell("gpu", tmp_path, "SAE-12", 0)).precision == "bf16"


def test_pictures_are_means_of_those_of_3d_shapes(folder):
    data = shapes("smoke", folder).test
    whole = shapes3d()
    rows = whole.rows_of(data.factors[:5])
    expected = torch.nn.functional.avg_pool2d(whole.batch(rows), 2)
    assert (data.batch(np.arange(5)) - expected).abs().max() <= 0.5001 / 255
    assert Small(1)(data.factors[:2]).shape == (2, 64, 64, 3)
    assert shapes("smoke", folder).train.x_shape == (3, 32, 32)


def test_scores_of_a_model_are_what_the_functions_say(folder, brief):
    cell = Cell("smoke", folder, "SAE-4", 0)
    found, model, rows = scores.disentanglement(cell), train(cell).model, scores.unseen(cell, 128)
    means = encode(model, rows).mean.double().numpy()
    assert found[scores.MIG] == mig(means, rows.factors).score
    assert {*found} == {*scores.COLUMNS.values()}
    assert scores.variables(cell) == ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11))
    assert len(codes(cell)) == len(shapes("smoke", folder).test)


def test_the_order_is_that_of_hybrids(folder, brief):
    cell = Cell("smoke", folder, "VLAE-4", 0)
    found, again = scores.order(cell), scores.hierarchy_of(cell)
    assert found[scores.ACTIVE] == len(again.active) > 0
    first = again.active[0]
    assert found[f"linear {first}"] == float(again.linear[first])
    assert (scores.LINEAR in found) == (again.score is not None)


def test_quality_counts_a_prior_for_the_wae_and_none_for_the_ae(folder, brief, monkeypatch):
    monkeypatch.setattr(scores, "_judge", lambda: torch.nn.Sequential(torch.nn.AvgPool2d(8), torch.nn.Flatten()))
    wae, ae = (scores.pictures(Cell("smoke", folder, name, 0)) for name in ("WAE", "AE"))
    assert {*wae} - {*ae} == {scores.fd("prior"), scores.kid("prior")}
    cell = Cell("smoke", folder, "AE", 0)
    test = shapes("smoke", folder).test
    again = fidelity(train(cell).model, test, n=12, extractor=None, generator=torch.Generator().manual_seed(0))
    assert ae[scores.BCE] == again.bce and ae[scores.MSE] == 1000 * again.mse


def test_bad_wishes_are_refused(tmp_path):
    with pytest.raises(InputError, match="need no files, got --data mnist"):
        table("smoke", tmp_path, data={"mnist": "x"})
    with pytest.raises(InputError, match="scale"):
        table("enormous", tmp_path)


@pytest.mark.long
def test_everything_at_scale_smoke(reproduced):
    """What a user runs: table, page and figures, with the printed values in their places."""
    made, whole = reproduced("structure.table1")
    assert whole.cell("SAE-12", "DCI").paper == 0.974 and whole.cell("AdaAE-12", "Exp").paper == 0.999
    assert whole.cell("VAE · pictures", scores.fd("prior")) and not whole.cell("AE · pictures", scores.fd("prior"))
    for figure in ("figure-2", "figure-3", "figure-5", "figure-8", "figure-9", "traversals-sae-12", "chunks-vae"):
        assert (made / f"structure.table1-smoke-{figure}.png").stat().st_size > 5000
