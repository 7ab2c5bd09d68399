"""Chapter 4 at scale smoke: three data sets, every method on each, and the thesis' numbers beside ours."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.metrics import mig
from latentassay.papers import catalog
from latentassay.papers.catalog import reproduce
from latentassay.papers.experiment import Options
from latentassay.papers.thesis.perturbed.configurations import (
    VARIANTS,
    PerturbedConfiguration,
    load_data,
    train,
)
from latentassay.papers.thesis.perturbed.originals import draw_sprites
from latentassay.papers.thesis.perturbed.perturbation import (
    ACTIVE,
    DS,
    EPS,
    MIG,
    make_table,
    measure_shift,
    score_model,
)
from latentassay.papers.thesis.perturbed.scales import SCALES
from latentassay.sampling import encode

STEM = "pca.perturbation-smoke"


@pytest.fixture(scope="module")
def made(reproduced):
    return reproduced("pca.perturbation")


def test_every_method_has_its_numbers_on_every_data_set(made):
    folder, found = made
    for method in SCALES["smoke"].methods:
        for data in VARIANTS:
            assert 0 <= found.cell(f"{method}, {data}", MIG).ours <= 1 >= found.cell(f"{method}, {data}", DS).ours
        before, after = (found.cell(f"{method}, {data}", MIG).ours for data in ("original", "modified"))
        change = found.cell(f"{method}, modified − original", f"change of {MIG}").ours
        assert change == pytest.approx(after - before)
    assert found.cell("PCL, original", ACTIVE) is None and 0 <= found.cell("β-VAE, original", ACTIVE).ours <= 5
    names = {path.name for path in folder.iterdir()}
    assert {f"{STEM}-{name}.{kind}" for name in ("figure-4-3", "losses", "table-4-2") for kind in catalog.KINDS} < names


def test_the_data_sets_are_within_eps_and_have_the_same_factors(made):
    folder, found = made
    parent = draw_sprites("smoke", folder)
    for data in VARIANTS[1:]:
        other = load_data(PerturbedConfiguration("smoke", folder, "β-VAE", data, 0))
        rows = np.arange(len(parent))
        assert float((other.batch(rows) - parent.batch(rows)).abs().max()) <= EPS
        assert np.array_equal(other.factors, parent.factors)
        assert (
            found.cell(data, "mean |x' − x|").ours == pytest.approx(measure_shift("smoke", folder, data))
            and other.is_grid
        )
    manifest = load_data(PerturbedConfiguration("smoke", folder, "β-VAE", "modified", 0)).store.manifest
    assert len(manifest.plan.training.entangled) == SCALES["smoke"].ends


def test_scores_are_those_of_the_model_on_its_own_data(made):
    folder = made[0]
    configuration = PerturbedConfiguration("smoke", folder, "β-VAE", "noise", 0)
    data = load_data(configuration)
    codes = encode(train(configuration), data).mean
    printed = mig(codes, data.factors, binning="width", bias="kept")
    assert score_model(configuration)[MIG] == pytest.approx(printed.score)


def test_it_is_made_once(made, trainings):
    folder, found = made
    again = make_table(Options("smoke", folder))
    assert trainings == [] and (again.rows, again.columns, again.scale) == (found.rows, found.columns, found.scale)
    # What is summed anew may differ in its last digit.
    assert [cell.ours for cell in again.cells] == pytest.approx([cell.ours for cell in found.cells], rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "huge"}, "scale must be"),
        ({"seeds": 0}, "seeds"),
        ({"data": {"mnist": "x"}}, "needs no files"),
        ({"device": "cuda"}, "trains on cpu"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        reproduce("pca.perturbation", Options(**{"scale": "smoke", "folder": tmp_path, **options}))
    assert not list(tmp_path.iterdir()) and torch.get_num_threads() == 1
