import pytest
import torch
from torch.testing import assert_close

from latentassay import InputError, Units
from latentassay.core.units import as_units


def test_replace_touches_one_unit_and_no_input():
    units = Units(((0, 2), (1,)), (4,))
    z, v = torch.zeros(3, 4), torch.ones(3, 4)
    assert units.replace(z, 0, v).tolist() == [[1, 0, 1, 0]] * 3
    assert z.eq(0).all() and v.eq(1).all()


def test_norm_inside_units_equals_the_loop():
    units, delta = Units(((3, 0), (2,)), (4,)), torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([delta[:, 3] ** 2 + delta[:, 0] ** 2, delta[:, 2] ** 2], 1)
    assert_close(units.squared_norm(delta), expected)
    scalars = Units(((2,), (0,), (1,)), (3,))
    assert_close(scalars.squared_norm(delta[:, :3]), delta[:, [2, 0, 1]] ** 2)


def test_labels():
    assert Units.default((2, 3, 3)).label(1) == "c1"
    assert Units(((0, 1), (2, 5), (4,)), (6,)).label(0) == "0–1"
    assert Units(((0, 1), (2, 5), (4,)), (6,)).label(1) == "2+5"
    assert Units.default((2, 1, 1)).label(1) == "1"


def test_one_channel_is_as_many_units_as_it_has_places():
    line, plane = Units.default((1, 8)), Units.default((1, 2, 3))
    assert line.are_scalars and len(line) == 8 and line.label(3) == "(3)"
    assert [plane.label(j) for j in range(6)] == ["(0, 0)", "(0, 1)", "(0, 2)", "(1, 0)", "(1, 1)", "(1, 2)"]
    assert len(Units.channels((1, 8))) == 1 and Units.channels((1, 8)).label(0) == "c0"
    assert Units.default((1,)).label(0) == Units.default((1, 1, 1)).label(0) == "0"  # nothing to tell places by
    assert Units(((5,), (1, 2)), (2, 2, 2)).label(0) == "5"


def test_what_passes_for_units():
    assert as_units(None, (3,)) == Units.default((3,))
    assert as_units([[0], (1, 2)], (3,)) == Units(((0,), (1, 2)), (3,))
    assert as_units(Units.default((3,)), (3,)).are_scalars
    with pytest.raises(InputError, match="made for latents"):
        as_units(Units.default((3,)), (4,))
