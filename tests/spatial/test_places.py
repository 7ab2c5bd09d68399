"""Coordinates, offsets and distances against loops over all pairs of places; draws that are even."""

import itertools
import math

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.spatial import is_spatial
from latentassay.spatial.places import (
    choose,
    coordinates,
    crop,
    distances,
    draw_lenders,
    draw_places,
    places_at,
    sides_of,
    spatial_codes,
    spread,
    strides_of,
    window,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("sides", [(5,), (3, 4), (2, 3, 2)])
def test_places_beside_others_are_those_that_a_loop_finds(sides):
    every = list(itertools.product(*map(range, sides)))
    assert coordinates(sides).tolist() == [list(at) for at in every]
    offsets, places = window(sides, 1), torch.arange(math.prod(sides))
    near, inside = places_at(places, offsets, sides)
    for place, at in enumerate(every):
        for o, offset in enumerate(offsets.tolist()):
            target = tuple(a + b for a, b in zip(at, offset, strict=True))
            assert bool(inside[place, o]) == (target in every)
            if target in every:
                assert int(near[place, o]) == every.index(target)


def test_distances_are_euclids_rounded_up_and_whole_ones_stay():
    found = distances(torch.tensor([0]), (5, 5)).view(5, 5)
    for y, x in itertools.product(range(5), range(5)):
        assert int(found[y, x]) == math.ceil(math.hypot(y, x) - 1e-9)
    assert int(found[3, 4]) == 5


@pytest.mark.parametrize(("n", "size"), [(7, 3), (3, 7), (8, 4)])
def test_no_place_is_drawn_twice_before_all_have_been(n, size):
    drawn = draw_places(n, size, 5, seeded())
    assert drawn.shape == (n, 5)
    for column in drawn.T:
        counts = torch.bincount(column, minlength=size)
        assert int(counts.max() - counts.min()) <= 1
    assert len({tuple(column.tolist()) for column in drawn.T}) > 1


def test_every_row_lends_once_a_column_and_never_to_itself():
    drawn = draw_lenders(6, 40, seeded())
    assert (drawn.sort(0).values == torch.arange(6)[:, None]).all()
    assert not (drawn == torch.arange(6)[:, None]).any()


def test_a_field_loses_as_many_places_at_both_ends():
    field = torch.arange(2 * 5 * 6.0).view(2, 1, 5, 6)
    assert_close(crop(field, (1, 2)), field[..., 1:-1, 2:-2])
    assert torch.equal(crop(field, (0, 0)), field)


def test_the_spread_of_channels_is_over_rows_and_places():
    z = torch.randn(7, 3, 4, 5, generator=seeded())
    assert_close(spread(z), z.double().transpose(0, 1).reshape(3, -1).std(1))


def test_what_is_spatial_and_what_is_not():
    assert is_spatial((1, 2)) and is_spatial((3, 1, 4)) and not is_spatial((3, 1, 1)) and not is_spatial((2,) * 5)
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(3, 1))
    with pytest.raises(la.InputError, match=r"the model has \(3, 1\)"):
        sides_of(model)
    with pytest.raises(la.ContractError, match="as many dimensions"):
        strides_of((4, 4), (8, 8, 8))
    for bad, match in ((torch.zeros(8, 5), "got"), (torch.zeros(8, 2, 3, dtype=torch.long), "floating")):
        with pytest.raises(la.InputError, match=match):
            spatial_codes(bad)


@pytest.mark.parametrize("bad", [[], [0, 0], [-1], [3], torch.tensor([1, 1])])
def test_numbers_that_cannot_be_chosen(bad):
    with pytest.raises(la.InputError, match=r"channels must be different numbers in 0\.\.2"):
        choose(bad, 3, "channels")
