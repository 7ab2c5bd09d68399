"""How much interventions may take: many units and values where the model is fast, the fewest where it is slow."""

import pytest

from latentassay.assay.interventions import (
    FEWEST_ROWS,
    FEWEST_UNITS,
    FEWEST_VALUES,
    LEAST_PASSES,
    PASSES,
    ROWS,
    VALUES,
    affordable,
    base_latents,
)
from tests.assay.asking import context_of
from tests.assay.responding import clean, observations
from tests.oracles.linear import exact_inverse


def many():
    """A model of forty units."""
    model = exact_inverse(40, 60, noise=0.01)
    return context_of(model, observations(model, 40), samples=64)


def test_a_fast_model_is_set_to_many_values():
    context = context_of(*clean()).affording(10**6)
    most, values = affordable(context)
    assert values == VALUES and most == PASSES // FEWEST_ROWS // VALUES
    assert len(base_latents(context, 3 * values)) == 96  # of 106 that could be afforded, all there are


@pytest.mark.parametrize(("passes", "units", "values"), [(3200, 20, 10), (2000, 12, 10), (1, 4, 4)])
def test_fewer_units_and_values_where_there_are_fewer_passes(passes, units, values):
    found = affordable(context_of(*clean()).affording(passes))
    assert found == (units, values)


def test_of_many_units_each_is_set_to_few_values():
    units, values = affordable(many().affording(3200))
    assert (units, values) == (32, FEWEST_VALUES)


def test_rows_are_those_that_the_passes_allow_within_bounds():
    context = context_of(*clean(), samples=400).affording(10**6)
    assert len(base_latents(context, 1)) == ROWS and len(base_latents(context, 50)) == PASSES // 50
    assert len(base_latents(context.affording(1), 50)) == FEWEST_ROWS
    assert LEAST_PASSES == FEWEST_ROWS * (FEWEST_UNITS * FEWEST_VALUES + 1)
