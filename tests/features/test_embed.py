"""``embed`` hands over every row once, in order, and leaves the extractor as it was."""

import numpy as np
import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.data.factors import FactorData
from latentassay.features import embed, load


def channel_means(x):
    return x.mean((2, 3))


IMAGES = np.random.default_rng(0).integers(0, 256, (11, 4, 5, 3), dtype=np.uint8)
DATA = FactorData(IMAGES, np.zeros((11, 0), np.int64))
EXPECTED = IMAGES.astype(np.float32).mean((1, 2)) / 255


@pytest.mark.parametrize("batch_size", [1, 4, 11, 100])
def test_batches_change_nothing(batch_size):
    found = embed(DATA, channel_means, batch_size=batch_size)
    np.testing.assert_allclose(found, EXPECTED, atol=1e-6)
    assert found.dtype == np.float64


def test_no_batch_is_larger_than_asked_for():
    seen = []
    embed(DATA, lambda x: (seen.append(len(x)), channel_means(x))[1], batch_size=4)
    assert seen == [4, 4, 3]


def test_rows_are_chosen_and_may_repeat():
    for rows in ([7, 2, 2], np.array([7, 2, 2])):
        np.testing.assert_allclose(embed(DATA, channel_means, rows=rows, batch_size=2), EXPECTED[[7, 2, 2]], atol=1e-6)


def test_arrays_and_tensors_do_as_well():
    x = torch.rand(5, 2, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for data in (x, x.numpy()):
        np.testing.assert_array_equal(embed(data, channel_means), x.mean((2, 3)).numpy())


def test_the_extractor_is_asked_in_evaluation_mode_and_left_as_it_was():
    class Asking(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))
            self.inner = nn.Dropout().eval()

        def forward(self, x):
            assert not self.training and not torch.is_grad_enabled()
            return self.inner(channel_means(x)) * self.weight

    asking = Asking().train()
    asking.inner.eval()
    np.testing.assert_allclose(embed(DATA, asking), EXPECTED, atol=1e-6)
    assert asking.training and not asking.inner.training and torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("data", "extractor", "options", "match"),
    [
        (DATA, "inception", {}, "no extractor is called 'inception'"),
        (DATA, channel_means, {"batch_size": 0}, "batch_size"),
        (DATA, channel_means, {"rows": [0, 11]}, "0 … 10, got 0 … 11"),
        (DATA, channel_means, {"rows": [-1]}, "rows must lie"),
        (DATA, channel_means, {"rows": []}, "row numbers"),
        (DATA, channel_means, {"rows": 5}, "row numbers"),
        (DATA, channel_means, {"rows": [0.5]}, "row numbers"),
        (IMAGES, channel_means, {}, "floating point"),
        (DATA, lambda x: x, {}, r"must return a tensor \(11, features\), got \(11, 3, 4, 5\)"),
        (DATA, lambda x: x[:1, 0, 0], {}, "must return"),
        (DATA, lambda x: x.numpy(), {}, "got ndarray"),
        (DATA, lambda x: channel_means(x) / 0, {}, "what the extractor returns holds NaN"),
    ],
)
def test_bad_input_is_refused(data, extractor, options, match):
    with pytest.raises(la.InputError, match=match):
        embed(data, extractor, **options)


def test_extractors_in_double_precision_are_given_double_precision():
    weights = torch.rand(60, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    layer = nn.Linear(60, 4, bias=False).double()
    layer.weight.data = weights.T
    expected = DATA.batch(np.arange(11)).flatten(1).double() @ weights
    for extractor in (lambda x: x.flatten(1) @ weights, nn.Sequential(nn.Flatten(), layer)):
        np.testing.assert_allclose(embed(DATA, extractor, batch_size=4), expected.detach(), rtol=1e-12)


def test_load_knows_its_names():
    with pytest.raises(la.InputError, match="efficientnet-lite0"):
        load("vgg")
