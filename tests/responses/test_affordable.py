"""How many units can be asked about, on a clock that only the model moves."""

import pytest
import torch

import latentassay as la
from latentassay.core.units import Units
from latentassay.responses import affordable
from latentassay.responses.affordable import affordable_units

UNITS = Units.default((1000,))


class Clocked:
    """The identity; every row takes a millisecond to decode and another to encode."""

    latent_shape, prior, now, rows = (1000,), None, 0.0, 0

    def decode(self, z):
        self.now += 0.001 * len(z)
        self.rows += len(z)
        return z

    def encode(self, x):
        self.now += 0.001 * len(x)
        return la.Point(x)


@pytest.fixture
def model(monkeypatch):
    clocked = Clocked()
    monkeypatch.setattr(affordable.time, "perf_counter", lambda: clocked.now)
    return clocked


def test_all_units_are_kept_where_the_first_round_ends_in_time(model):
    """A first round is 2 blocks of 16 rows for 1001 passes, 64.064 s."""
    z = torch.randn(256, 1000)
    assert affordable_units(model, z, UNITS, 64.1) is UNITS
    assert len(affordable_units(model, z, UNITS, 64.0)) == 249  # 32 000 rows are 250 times 8 blocks of 16


def test_units_are_drawn_once_each_by_the_generator_and_eight_at_least(model):
    z = torch.randn(256, 1000)
    drawn = [affordable_units(model, z, UNITS, 16.0, generator=seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    chosen = [group[0] for group in drawn[0].groups]
    assert len(set(chosen)) == len(chosen) == 61 and chosen == sorted(chosen) and max(chosen) > 500
    assert len(affordable_units(model, z, UNITS, 1e-3)) == 8
    few = Units(((3, 4), (9,)), (1000,))
    rows = model.rows
    assert affordable_units(model, z, few, 1e-3) is few and model.rows == rows


def test_learning_how_long_a_pass_takes_costs_little_of_the_budget(model):
    affordable_units(model, torch.randn(256, 1000), UNITS, 2.0, batch_size=64)
    assert model.rows <= 8 + 20
    model.rows = 0
    affordable_units(model, torch.randn(256, 1000), UNITS, 1000.0, batch_size=64)
    assert model.rows == 8 + 64


def test_no_more_units_than_their_pairs_have_room_for():
    model, z = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2500,)), torch.zeros(16, 2500)
    drawn = affordable_units(model, z, Units.default((2500,)), 1e6)
    assert len(drawn) == 2048 and len(set(drawn.groups)) == 2048
