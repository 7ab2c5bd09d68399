"""One pass over the data: which rows, which factors, and the codes that the sampling module would give."""

import numpy as np
import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.core.posteriors import Point
from latentassay.data.factors import FactorData
from latentassay.metrics.table import encode_table

CODES = np.indices((5, 4, 3)).reshape(3, -1).T
NAMES = ("shape", "hue", "size")


class Counting(FactorData):
    """Remembers which rows were read."""

    def batch(self, indices):
        self.read = [*getattr(self, "read", []), np.asarray(indices)]
        return super().batch(indices)


class Encoding(nn.Module):
    """Half of the door, with layers that behave otherwise while training."""

    latent_shape = (2, 2, 2)

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5))

    def encode(self, x):
        return Point(self.layers(x).view(-1, 2, 2, 2))


def data(factors=CODES):
    x = np.random.default_rng(0).normal(size=(len(factors), 6)).astype(np.float32)
    return Counting(x, factors, NAMES)


@pytest.mark.parametrize("batch_size", [7, 60, 1000])
def test_all_rows_once_and_as_the_sampling_module_encodes_them(batch_size):
    model, observed = Encoding(), data()
    table = encode_table(model, observed, batch_size=batch_size)
    np.testing.assert_array_equal(np.concatenate(observed.read), np.arange(60))
    assert max(map(len, observed.read)) <= batch_size
    expected = la.sampling.encode(model, observed).mean.flatten(1)
    np.testing.assert_allclose(table.codes, expected.numpy(), atol=1e-6)
    assert table.codes.dtype == np.float64 and table.codes.shape == (60, 8) and table.n == 60
    np.testing.assert_array_equal(table.factors, CODES)
    assert table.names == NAMES and model.training and model.layers[0].weight.grad is None


def test_a_subset_is_drawn_once_each_by_seed():
    model, observed = Encoding(), data()
    whole, table = encode_table(model, observed), encode_table(model, observed, n=20, seed=3)
    assert table.n == len(set(table.rows.tolist())) == 20 and (np.diff(table.rows) > 0).all()
    np.testing.assert_allclose(table.codes, whole.codes[table.rows], atol=1e-6)
    np.testing.assert_array_equal(table.factors, CODES[table.rows])
    np.testing.assert_array_equal(encode_table(model, observed, n=20, seed=3).rows, table.rows)
    assert not np.array_equal(encode_table(model, observed, n=20, seed=4).rows, table.rows)


def test_rows_come_in_the_order_asked_for():
    model, observed = Encoding(), data()
    whole, table = encode_table(model, observed), encode_table(model, observed, rows=[40, 3, 3, 59])
    np.testing.assert_allclose(table.codes, whole.codes[[40, 3, 3, 59]], atol=1e-6)
    assert table.rows.tolist() == [40, 3, 3, 59] and table.n == 4
    assert encode_table(model, observed, rows=torch.arange(10)).n == 10


def test_factors_that_never_vary_are_left_out():
    table = encode_table(Encoding(), data(CODES * [1, 0, 1]))
    assert table.names == ("shape", "size") and table.factors.shape == (60, 2)
    assert encode_table(Encoding(), data(), rows=range(3)).names == ("size",)


def test_metrics_read_it():
    table = encode_table(Encoding(), data())
    assert la.metrics.mig(table.codes, table.factors, bins=4).information.shape == (3, 8)


@pytest.mark.parametrize(
    ("observed", "options", "match"),
    [
        (torch.zeros(9, 6), {}, "known factors"),
        (data(), {"rows": [0, 60]}, "from 0 to 59"),
        (data(), {"rows": [-1, 2]}, "from 0 to 59"),
        (data(), {"rows": [0.5, 1.0]}, "indices"),
        (data(), {"rows": [5]}, "no factor varies among these 1 rows"),
        (data(), {"n": 0}, "no factor varies"),
        (data(CODES * 0), {}, "no factor varies"),
    ],
)
def test_encode_table_refuses_bad_input(observed, options, match):
    with pytest.raises(la.InputError, match=match):
        encode_table(Encoding(), observed, **options)


def test_codes_that_are_no_numbers_are_refused():
    model = Encoding()
    model.layers[0].bias.data[0] = torch.nan
    with pytest.raises(la.InputError, match="encoded means"):
        encode_table(model, data())
