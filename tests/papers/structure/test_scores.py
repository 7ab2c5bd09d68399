"""Scores of SA's models: what the functions say of the same codes, hybrids and pictures."""

import pytest
import torch

from latentassay.evaluation.fidelity import fidelity
from latentassay.metrics import mig
from latentassay.papers.structure import scores
from latentassay.papers.structure.configurations import SCALES, ArchitectureConfiguration, draw_shapes, train
from latentassay.papers.structure.table1 import encode_unseen
from latentassay.sampling import encode


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("structure")


@pytest.fixture
def brief(monkeypatch):
    """Scale smoke, briefer still."""
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(steps=6, images=12))


def test_scores_of_a_model_are_what_the_functions_say(folder, brief):
    configuration = ArchitectureConfiguration("smoke", folder, "SAE-4", 0)
    found, model, rows = (
        scores.measure_disentanglement(configuration),
        train(configuration).model,
        scores.take_unseen(configuration, 128),
    )
    means = encode(model, rows).mean.double().numpy()
    assert found[scores.MIG] == mig(means, rows.factors, bias="kept").score
    assert {*found} == {*scores.COLUMNS.values()}
    assert scores.list_variables(configuration) == ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11))
    assert len(encode_unseen(configuration)) == len(draw_shapes("smoke", folder).test)


def test_the_order_is_that_of_hybrids(folder, brief):
    configuration = ArchitectureConfiguration("smoke", folder, "VLAE-4", 0)
    found, again = scores.measure_order(configuration), scores.measure_hierarchy(configuration)
    assert found[scores.ACTIVE] == len(again.active) > 0
    first = again.active[0]
    assert found[f"linear {first}"] == float(again.linear[first])
    assert (scores.LINEAR in found) == (again.score is not None)


def test_quality_counts_a_prior_for_the_wae_and_none_for_the_ae(folder, brief, monkeypatch):
    monkeypatch.setattr(
        scores, "_load_extractor", lambda: torch.nn.Sequential(torch.nn.AvgPool2d(8), torch.nn.Flatten())
    )
    wae, ae = (scores.measure_pictures(ArchitectureConfiguration("smoke", folder, name, 0)) for name in ("WAE", "AE"))
    assert {*wae} - {*ae} == {scores.name_frechet("prior"), scores.name_kernel("prior")}
    configuration = ArchitectureConfiguration("smoke", folder, "AE", 0)
    test = draw_shapes("smoke", folder).test
    again = fidelity(train(configuration).model, test, n=12, extractor=None, generator=torch.Generator().manual_seed(0))
    assert ae[scores.BCE] == again.bce and ae[scores.MSE] == 1000 * again.mse
