"""What a slow model is asked for, on a clock that only the model moves: no test waits, or depends on a machine."""

import time

import pytest
import torch
from torch.nn import functional as F

import latentassay as la
from latentassay.assay.budget import plan
from latentassay.errors import InputError


class Slow:
    """32 channels of 8×8 cut out of the pixels; every row encoded or decoded moves the clock by ``seconds``."""

    latent_shape, prior, value_range = (32, 4, 4), None, None

    def __init__(self, seconds):
        self.seconds, self.now, self.first = seconds, 0.0, 0.0

    def encode(self, x):
        self.now += self.seconds * len(x) + self.first
        self.first = 0.0
        z = F.pixel_unshuffle(x, 8)[:, ::6]
        return la.Point(z + 0.1 * z.mean((1, 2, 3), keepdim=True))

    def decode(self, z):
        self.now += self.seconds * len(z)
        full = torch.zeros(len(z), 192, *z.shape[2:])
        full[:, ::6] = z
        return F.pixel_shuffle(full, 8)


@pytest.fixture
def slow(monkeypatch):
    def make(seconds):
        model = Slow(seconds)
        monkeypatch.setattr(time, "perf_counter", lambda: model.now)
        return model

    return make


X = torch.rand(300, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("seconds", "budget", "samples", "batch"),
    [(1e-5, 60, 1024, 128), (0.01, 60, 187, 50), (0.01, 120, 375, 100), (0.1, 60, 64, 8), (0.01, 4800, 1024, 128)],
)
def test_rows_are_cut_to_what_the_budget_affords(slow, seconds, budget, samples, batch):
    """A sixteenth of the budget for all rows, a sixtieth for one batch, at twice ``seconds`` a row."""
    found = plan(slow(seconds), X, samples=1024, batch_size=128, budget=budget)
    assert found.samples == pytest.approx(samples, abs=1) and found.batch_size == pytest.approx(batch, abs=1)
    assert found.seconds == pytest.approx(2 * seconds)


def test_a_first_pass_that_is_slow_does_not_count(slow):
    model = slow(0.01)
    model.encode(X[:1])
    model.first = 50.0
    assert plan(model, X, samples=1024, batch_size=128, budget=60).seconds == pytest.approx(0.02)


def test_what_was_asked_for_is_never_exceeded(slow):
    assert plan(slow(0.1), X, samples=40, batch_size=4, budget=60)[:2] == (40, 4)


def test_what_cannot_be_used_is_refused(slow):
    with pytest.raises(InputError, match="floating point"):
        plan(slow(0.1), (X * 255).to(torch.uint8), samples=64, batch_size=8, budget=60)


@pytest.mark.parametrize(
    ("seconds", "budget", "most"),
    [
        pytest.param(0.004, 60, 75, marks=pytest.mark.long),
        pytest.param(0.004, 180, 225, marks=pytest.mark.long),
        (0.016, 60, 140),
    ],
)
def test_an_assay_ends_near_its_budget(slow, seconds, budget, most):
    """What is asked at least of a model of 16 ms takes more than a minute; from there on, the budget holds."""
    model = slow(seconds)
    sizes = plan(model, X, samples=1024, batch_size=128, budget=budget)
    result = la.assay(model, X, samples=sizes.samples, batch_size=sizes.batch_size, budget=budget, precision=None)
    assert result.meta["total seconds"] <= most, result.meta["seconds"]
    assert model.now >= budget / 3
    independence = result.scores["consistency.independence"]
    assert independence.n <= 256 and result.scores["holes.hybrid"].n >= 64
