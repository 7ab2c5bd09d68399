"""The ledger as a table: every number and every state is in its row, and none is cut off."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.plots.ledger import unit_ledger
from tests.plots.looks import readable


def table(units=3, **options):
    values = np.linspace(0, 1, units)
    given = {"signal": values, "effect": values / 10, "response": 1.2 * values, "states": ["alive"] * units}
    return unit_ledger(**{**given, "labels": range(units), **options})


@pytest.mark.parametrize("units", [1, 3, 40])
def test_it_is_readable(units):
    readable(table(units, states=["encoder-blind"] * units, labels=[f"(12, {unit})" for unit in range(units)]))


def test_each_row_holds_its_numbers_and_its_state():
    texts = [text.get_text() for text in table(3, states=["dead", "faint", "alive"]).texts]
    assert texts == ["0 %", "0 %", "0 %", "dead", "50 %", "5 %", "60 %", "faint", "100 %", "10 %", "120 %", "alive"]


def test_effects_are_shaded_beside_the_largest():
    shades = np.asarray(table(3).images[0].get_array())
    np.testing.assert_allclose(shades[:, 1], [0, 0.5, 1])
    np.testing.assert_allclose(shades[:, 2], [0, 0.6, 1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"states": ["alive"]}, "states must be 3 words"), ({"effect": [1.0]}, "effect"), ({"labels": "ab"}, "3 names")],
)
def test_what_does_not_fit_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        table(3, **wrong)
