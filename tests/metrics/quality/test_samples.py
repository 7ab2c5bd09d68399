"""Which sets of observations are refused, and what the size of a block changes: nothing."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.quality import frechet, kernel, neighbours
from latentassay.metrics.quality.frechet import frechet_distance, gaussian_frechet
from latentassay.metrics.quality.kernel import kernel_distance
from latentassay.metrics.quality.neighbours import precision_recall
from latentassay.metrics.quality.quality import quality
from tests.metrics.codes import couple, ends, normals


def test_blocks_change_nothing(monkeypatch):
    a, b = normals(70, 5), normals(50, 5, 1) + 1
    whole = frechet_distance(a, b), kernel_distance(a, b), precision_recall(a, b)
    for module in (frechet, kernel, neighbours):
        monkeypatch.setattr(module, "BLOCK", 13)
    again = frechet_distance(a, b), kernel_distance(a, b), precision_recall(a, b)
    assert again[0].score == pytest.approx(whole[0].score, rel=1e-12)
    np.testing.assert_allclose(again[1].score, whole[1].score, rtol=1e-9)
    np.testing.assert_allclose(again[1].score.stderr, whole[1].score.stderr, rtol=1e-9)
    assert again[2] == whole[2]


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance, precision_recall, quality])
@pytest.mark.parametrize(
    ("a", "b", "match"),
    [
        (np.zeros(5), np.zeros((9, 2)), "the first features must have shape"),
        (np.zeros((9, 2)), np.zeros((9, 2, 2)), "the second features must have shape"),
        (np.zeros((3, 2)), np.zeros((9, 2)), "at least 4 rows"),
        (np.zeros((9, 2)), np.zeros((9, 3)), "2 and 3 columns"),
        (np.full((9, 2), np.nan), np.zeros((9, 2)), "first features hold NaN or infinite values in 9 rows"),
        (np.zeros((9, 2)), torch.full((9, 2), torch.inf), "second features hold NaN"),
    ],
)
def test_bad_features_are_refused(metric, a, b, match):
    with pytest.raises(la.InputError, match=match):
        metric(a, b)


def test_bad_options_are_refused():
    a = normals(9, 2)
    with pytest.raises(la.InputError, match="neighbours"):
        precision_recall(a, a, neighbours=0)
    with pytest.raises(la.InputError, match="at least 10 rows"):
        precision_recall(a, a, neighbours=9)
    with pytest.raises(la.InputError, match="subset_size"):
        kernel_distance(a, a, subset_size=3)
    with pytest.raises(la.InputError, match="resamples"):
        frechet_distance(a, a, resamples=1)


def test_what_comes_back_whole_is_at_no_distance():
    a, _ = couple(60, 0, k=5)
    found = kernel_distance(a, a, paired=True)
    assert found.score == found.score.stderr == found.noise == 0
    assert kernel_distance(a, a).score < 0  # every row meets itself there, which looks like being closer than chance
    whole = frechet_distance(a, a, paired=True, resamples=5)
    assert ends(whole.score) == pytest.approx((0, 0), abs=1e-9)
    assert frechet_distance(a, a, resamples=5).score.high > 0.1


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance])
def test_pairs_need_as_many_rows(metric):
    a, b = couple(9, 0)
    with pytest.raises(la.InputError, match=r"paired sets must have as many rows, .* got 9 and 8"):
        metric(a, b[:8], paired=True)


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance, precision_recall, quality])
def test_tensors_of_any_precision_are_features(metric):
    a, b = (np.round(8 * normals(40, 3, seed)) / 8 for seed in range(2))
    tensors = [torch.from_numpy(a).requires_grad_(), torch.from_numpy(b).bfloat16()]
    assert metric(*tensors) == metric(a, b)


def test_what_holds_no_numbers_is_refused_by_name():
    for wrong in (torch.zeros(9, 2, device="meta"), np.full((9, 2), "word"), torch.eye(9).to_sparse(), None):
        with pytest.raises(la.InputError, match="second features"):
            frechet_distance(np.eye(9, 2), wrong)


def test_moments_of_gaussians_may_be_tensors():
    mean, covariance = torch.zeros(2, requires_grad=True), torch.eye(2)
    assert gaussian_frechet(mean, covariance, [3, 0], 4 * np.eye(2)) == 11
    with pytest.raises(la.InputError, match="covariances must be a dense tensor of real numbers, got complex"):
        gaussian_frechet(mean, covariance * 1j, [3, 0], np.eye(2))
