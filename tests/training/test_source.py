"""Data for training: resident or streamed, checked in both."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.data.factors import FactorData
from latentassay.data.frames import Frames, windows
from latentassay.training import source
from latentassay.training.source import free_memory, open_source

CPU = torch.device("cpu")
ROWS = torch.tensor([3, 0, 3])


class Counting:
    """Observations that count how often they are read."""

    x_shape = (2,)

    def __init__(self, x):
        self.x, self.reads = x, 0

    def __len__(self):
        return len(self.x)

    def batch(self, indices):
        self.reads += 1
        return self.x[torch.as_tensor(indices)]


def test_resident_and_streamed_give_the_same(lab):
    data, model = lab.pictures(), lab.make()
    resident, streamed = (open_source(data, model, CPU, draws=draws) for draws in (1000, 1))
    assert torch.equal(resident.batch(ROWS), data.batch(ROWS.numpy()))
    assert torch.equal(streamed.batch(ROWS), data.batch(ROWS.numpy()))
    assert resident.batch(ROWS).dtype == torch.float32


def test_resident_data_are_read_once_and_streamed_ones_each_time():
    for draws, reads in ((100, 0), (9, 3)):
        data = Counting(torch.rand(10, 2))
        opened = open_source(data, None, CPU, draws=draws)
        before = data.reads
        for _ in range(3):
            opened.batch(ROWS)
        assert data.reads - before == reads


def test_data_too_large_for_memory_are_streamed(monkeypatch):
    monkeypatch.setattr(source, "free_memory", lambda device: 10)
    data = Counting(torch.rand(10, 2))
    opened = open_source(data, None, CPU, draws=1000)
    before = data.reads
    opened.batch(ROWS)
    assert data.reads == before + 1


def test_uint8_stays_uint8_until_the_batch(lab, monkeypatch):
    kept = []
    whole = source._whole
    monkeypatch.setattr(source, "_whole", lambda *args: kept.append(whole(*args)) or kept[0])
    open_source(lab.pictures(), lab.make(), CPU, draws=1000)
    assert kept[0].dtype == torch.uint8


def test_there_is_some_free_memory():
    assert free_memory(CPU) > 1 << 20


@pytest.mark.parametrize("draws", [1000, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5, -0.1])
def test_values_no_likelihood_has_room_for_are_refused(lab, draws, value):
    x = np.random.default_rng(0).random((20, 1, 8, 8), dtype=np.float32)
    x[3, 0, 2, 2] = value
    data = FactorData(x, np.zeros((20, 0), np.int64), layout="chw")
    message = "lie in" if np.isfinite(value) else "NaN or infinite values"
    with pytest.raises(InputError, match=message):
        open_source(data, lab.make(), CPU, draws=draws).batch(ROWS)


def test_a_gaussian_likelihood_takes_any_finite_value(lab):
    model = lab.make()
    model.likelihood = __import__("latentassay.stats.likelihoods", fromlist=["Gaussian"]).Gaussian()
    x = torch.full((4, 1, 8, 8), -7.0)
    assert torch.equal(open_source(x, model, CPU, draws=100).batch(ROWS), x[:3])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Counting(torch.rand(0, 2)), "no observations"),
        (torch.rand(0, 1, 8, 8), "n at least 2"),
        (torch.rand(1, 1, 8, 8), "n at least 2"),
        (torch.zeros(4, 1, 8, 8, dtype=torch.uint8), "uint8 images pass x / 255"),
        (torch.rand(4, 1, 9, 9), r"built for observations \(1, 8, 8\), the data have \(1, 9, 9\)"),
        ([[0.5]], "must be a tensor"),
    ],
)
def test_data_that_cannot_be_trained_on_are_refused(lab, data, message):
    with pytest.raises(InputError, match=message):
        open_source(data, lab.make(), CPU, draws=100)


def test_of_a_tuple_a_model_sees_one_frame(lab):
    """Tuples arrive as they are, whether resident or read; the model is held against their frames, each kept once."""
    pairs = windows(lab.pictures(9))
    for draws in (0, 100):
        opened = open_source(pairs, lab.make(), CPU, draws=draws)
        assert torch.equal(opened.batch(torch.tensor([3, 1])), pairs.batch([3, 1]))
        assert opened.x_shape == (2, 1, 8, 8) and opened.n == 8
    with pytest.raises(InputError, match=r"built for observations \(1, 8, 8\), the data have \(4,\)"):
        open_source(windows(torch.rand(5, 4)), lab.make(), CPU, draws=0)


def test_frames_of_many_tuples_are_read_once():
    data = Counting(torch.rand(5, 2))
    pairs = Frames(data, np.random.default_rng(0).integers(0, 5, (1000, 2)))
    opened = open_source(pairs, None, CPU, draws=100)
    data.reads = 0
    for start in range(0, 1000, 100):
        rows = torch.arange(start, start + 100)
        assert torch.equal(opened.batch(rows), data.x[torch.from_numpy(pairs.rows)[rows]])
    assert data.reads == 0
