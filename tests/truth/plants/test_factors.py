import numpy as np
import pytest
import torch

from latentassay.truth.plants.factors import clean_factors, shared


def explained(found):
    """Share of every unit's variance that the mean of each factor's value explains, ``(units, factors)``."""
    codes = found.model.encode(found.data.batch(torch.arange(len(found.data)))).mean.numpy()
    shares = []
    for factor in np.asarray(found.data.factors).T:
        means = np.stack([codes[factor == value].mean(0) for value in range(factor.max() + 1)])
        shares.append(means[factor].var(0) / codes.var(0))
    return np.stack(shares, 1)


def test_two_units_know_two_factors():
    found = shared(0.5, 0)
    (true,) = found.truth
    units = sorted(map(int, true.subjects))
    known = np.sort(explained(found)[units], 1)
    assert known[:, -1] == pytest.approx(0.5, abs=0.06)
    assert known[:, -2] == pytest.approx(0.5, abs=0.06)


def test_in_the_clean_twin_each_unit_knows_one():
    known = np.sort(explained(clean_factors(0)), 1)
    assert (known[:, -2] < 0.05).all()
