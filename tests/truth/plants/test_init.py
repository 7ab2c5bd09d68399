import pytest
import torch

import latentassay as la
from latentassay.truth.plants import kinds, plant
from latentassay.truth.runs import twin_name


def rows(found, n=64):
    data = found.data
    return data[:n] if isinstance(data, torch.Tensor) else data.batch(torch.arange(n))


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_every_kind_plants_models_of_the_door_at_every_dose(kind):
    for dose in range(4):
        found = kind.at(dose, seed=1)
        la.check_autoencoder(found.model, rows(found, 8))
        assert {one.defect for one in found.truth} >= (set(kind.keys) if dose == 3 and len(kind.keys) == 1 else set())
        assert bool(found.truth) == (dose > 0 and not kind.is_clean)
        assert not found.never & {one.defect for one in found.truth}


@pytest.mark.parametrize("name", ["twins", "decoder bias", "unit of two factors", "leaking channel"])
def test_a_seed_decides_all_details(name):
    first, again, other = (plant(name, 3, seed) for seed in (4, 4, 5))
    assert torch.equal(rows(first), rows(again))
    assert first.truth == again.truth
    assert rows(first).shape != rows(other).shape or not torch.equal(rows(first), rows(other))


def test_doses_grow_and_twins_have_names():
    for kind in kinds():
        assert kind.is_clean or list(kind.sizes) in (sorted(kind.sizes), sorted(kind.sizes, reverse=True))
    assert {twin_name(kind) for kind in kinds(("units", "spatial"))} == {"clean vectors", "clean pictures"}


def test_unknown_kinds_are_refused_with_a_list():
    with pytest.raises(la.InputError, match="there are units: dead unit"):
        kinds(("nonsense",))
    with pytest.raises(la.InputError, match="a dose from 0 to 3"):
        plant("ring", 4, 0)
