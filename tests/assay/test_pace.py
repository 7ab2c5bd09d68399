"""What is asked of a slow model: crops where it takes any size, fewer rows, and a first look in any case."""

import time

import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.assay import pace as pace_module
from latentassay.assay.budget import Cost
from latentassay.assay.pace import Crops, find_pace, first_look
from latentassay.core.observations import as_observations


def convolutions(latent_shape=(4, 16, 16)):
    """Any size of pictures, a quarter of it in latents."""
    torch.manual_seed(0)
    return la.from_torch(
        nn.Conv2d(3, 4, 4, stride=4), nn.ConvTranspose2d(4, 3, 4, stride=4), latent_shape=latent_shape, prior="normal"
    )


PICTURES = as_observations(torch.rand(10, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
ROW = torch.tensor([3])


def test_a_fast_model_is_asked_whole():
    model = convolutions()
    pace = find_pace(model, PICTURES, ROW, 60.0)
    assert pace.model is model and pace.data is PICTURES and not pace.is_cropped and pace.passes > 400


@pytest.fixture
def by_area(monkeypatch):
    """A pass takes a millisecond for every 64 pixels, whatever this machine does besides."""
    real = pace_module._time_pair

    def timed(model, data, row):
        assert real(model, data, row) > 0
        return 1e-3 * data.x_shape[1] * data.x_shape[2] / 64

    monkeypatch.setattr(pace_module, "_time_pair", timed)


@pytest.mark.usefixtures("by_area")
@pytest.mark.parametrize(("budget", "side"), [(60.0, 64), (10.0, 32), (1.7, 16), (0.3, 64)])
def test_a_torch_pair_without_fixed_sizes_is_asked_on_crops_where_time_is_short(budget, side):
    """400 passes take 25.6 s of whole pictures, 6.4 s of halves, 1.6 s of quarters; 80 of these take 0.32 s."""
    pace = find_pace(convolutions(), PICTURES, ROW, budget)
    assert pace.data.x_shape == (3, side, side) and pace.is_cropped == (side < 64)
    assert pace.model.latent_shape == pace.model.prior.latent_shape == (4, side // 4, side // 4)
    middle = slice(32 - side // 2, 32 + side // 2)
    assert torch.equal(pace.data.batch([2]), PICTURES.batch([2])[:, :, middle, middle])


@pytest.mark.usefixtures("by_area")
def test_a_model_of_fixed_sizes_stays_whole():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 64), nn.Unflatten(1, (4, 4, 4)))
    back = nn.Sequential(nn.Flatten(), nn.Linear(64, 3 * 64 * 64), nn.Unflatten(1, (3, 64, 64)))
    pace = find_pace(la.from_torch(flat, back, latent_shape=(4, 4, 4)), PICTURES, ROW, 1e-3)
    assert not pace.is_cropped and pace.data is PICTURES


def test_a_model_that_fails_has_no_pace_and_its_contract_says_why():
    assert find_pace(la.from_torch(nn.Linear(5, 2), nn.Linear(2, 5), latent_shape=(2,)), PICTURES, ROW, 60.0) is None


def test_the_first_look_counts_what_is_missed():
    half = la.from_torch(lambda x: x - 0.5, lambda z: 0.5 + 0.9 * z, latent_shape=(3, 64, 64))
    pace = find_pace(half, PICTURES, ROW, 60.0)
    (finding,) = first_look(pace, torch.arange(10)).findings
    x = PICTURES.batch(torch.arange(8)).double()
    missed = float((0.1 * (x - 0.5)).square().sum() / (x - x.mean(0)).square().sum())
    assert finding.level == "unsure" and f"miss {100 * missed:.3g} %" in finding.sentence


def test_crops_are_the_middle_and_never_larger_than_the_picture():
    wide = as_observations(torch.arange(2 * 1 * 8 * 30.0).reshape(2, 1, 8, 30))
    crops = Crops(wide, 10)
    assert crops.x_shape == (1, 8, 10) and len(crops) == 2
    assert torch.equal(crops.batch([1]), wide.batch([1])[..., 10:20])


@pytest.fixture
def clocked(monkeypatch):
    """A model and a clock that it alone moves: so many seconds for a call, and for every row in it."""

    def make(fixed, row, first=0.0):
        now = [0.0, first]

        def encode(x):
            now[0] += fixed + row * len(x) + now[1]
            now[1] = 0.0
            return x.flatten(1)[:, :4]

        model = la.from_torch(encode, lambda z: torch.zeros(len(z), 3, 64, 64) + z.mean(), latent_shape=(4,))
        monkeypatch.setattr(time, "perf_counter", lambda: now[0])
        return model

    return make


@pytest.mark.parametrize(
    ("fixed", "row", "first", "expected"),
    [
        (2.0, 0.001, 0.0, Cost(2.0, 0.001)),
        (2.0, 0.5, 9.0, Cost(2.0, 0.5)),  # the first call of all is slower
        (0.1, 1.0, 0.0, Cost(0.0, 1.1)),  # less than a quarter is not told from chance
        (0.0, 1.0, 0.0, Cost(0.0, 1.0)),
        (0.1, 0.001, 0.0, Cost(0.0, 0.101)),  # 400 calls fit: nothing need be known
        (9.0, 1.0, 0.0, Cost(0.0, 10.0)),  # not even eight fit: no time to find out
    ],
)
def test_what_a_call_costs_is_told_from_what_its_rows_cost(clocked, fixed, row, first, expected):
    pace = find_pace(clocked(fixed, row, first), PICTURES, torch.arange(8), 60.0 if first == 0 else 160.0)
    assert pace.cost == pytest.approx(expected)


def test_dear_calls_of_cheap_rows_leave_many_passes(clocked):
    pace = find_pace(clocked(1.0, 0.001), PICTURES, torch.arange(8), 60.0, batch_size=10)
    assert pace.batch_size == 10 and pace.seconds == pytest.approx(0.101)
    assert pace.left == pytest.approx(60 - 2 * 1.001 - 1.003) and pace.passes == pytest.approx(pace.left / 0.101)
    assert pace.is_slow and pace.whole == pytest.approx(1.001)
