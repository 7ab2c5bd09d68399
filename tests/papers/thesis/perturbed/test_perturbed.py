"""Chapter 4 at scale smoke: three data sets, every method on each, and the thesis' numbers beside ours."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.metrics import mig
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.thesis.perturbed import table
from latentassay.papers.thesis.perturbed.runs import (
    EPS,
    SCALES,
    SETS,
    Cell,
    _objective,
    cells,
    data_of,
    original,
    train,
)
from latentassay.papers.thesis.perturbed.table import ACTIVE, DS, MIG, TABLE_4_2, moved, scores
from latentassay.sampling import encode

STEM = "pca.perturbation-smoke"


@pytest.fixture(scope="module")
def made(reproduced):
    return reproduced("pca.perturbation")


@pytest.fixture(autouse=True)
def _thread():
    with one_thread():
        yield


def test_every_method_has_its_numbers_on_every_data_set(made):
    folder, found = made
    for method in SCALES["smoke"].methods:
        for data in SETS:
            assert 0 <= found.cell(f"{method}, {data}", MIG).ours <= 1 >= found.cell(f"{method}, {data}", DS).ours
        before, after = (found.cell(f"{method}, {data}", MIG).ours for data in ("original", "modified"))
        change = found.cell(f"{method}, modified − original", f"change of {MIG}").ours
        assert change == pytest.approx(after - before)
    assert found.cell("PCL, original", ACTIVE) is None and 0 <= found.cell("β-VAE, original", ACTIVE).ours <= 5
    names = {path.name for path in folder.iterdir()}
    assert {
        f"{STEM}-{name}.{kind}" for name in ("figure-4-3", "losses", "table-4-2") for kind in ("png", "svg")
    } < names


def test_the_data_sets_are_within_eps_and_have_the_same_factors(made):
    folder, found = made
    parent = original("smoke", folder)
    for data in SETS[1:]:
        other = data_of(Cell("smoke", folder, "β-VAE", data, 0))
        rows = np.arange(len(parent))
        assert float((other.batch(rows) - parent.batch(rows)).abs().max()) <= EPS
        assert np.array_equal(other.factors, parent.factors)
        assert found.cell(data, "mean |x' − x|").ours == pytest.approx(moved("smoke", folder, data)) and other.is_grid
    manifest = data_of(Cell("smoke", folder, "β-VAE", "modified", 0)).store.manifest
    assert len(manifest.plan.training.entangled) == SCALES["smoke"].ends


def test_scores_are_those_of_the_model_on_its_own_data(made):
    folder = made[0]
    cell = Cell("smoke", folder, "β-VAE", "noise", 0)
    data = data_of(cell)
    codes = encode(train(cell), data).mean
    assert scores(cell)[MIG] == pytest.approx(mig(codes, data.factors, binning="width").score)


def test_it_is_made_once(made, trainings):
    folder, found = made
    again = table("smoke", folder)
    assert trainings == [] and (again.rows, again.columns, again.scale) == (found.rows, found.columns, found.scale)
    # What is summed anew may differ in its last digit.
    assert [cell.ours for cell in again.cells] == pytest.approx([cell.ours for cell in found.cells], rel=1e-6)


def test_weights_are_those_of_the_text(made):
    scale = SCALES["paper"]
    assert _objective("β-VAE", scale, 100).beta == 8 and _objective("TC-VAE", scale, 100).beta == 6
    assert _objective("TC-VAE", scale, 100).alpha == 1 and set(scale.methods) == set(TABLE_4_2)
    assert len(cells("paper", made[0], 10)) == 10 * 4 * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "huge"}, "scale must be"),
        ({"seeds": 0}, "seeds"),
        ({"data": {"mnist": "x"}}, "need no files"),
        ({"device": "cuda"}, "trains on cpu"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        table(options.pop("scale", "smoke"), tmp_path, **options)
    assert not list(tmp_path.iterdir()) and torch.get_num_threads() == 1
