"""Rows that repeat others: counted where they are copies, and never where discrete data repeat by chance."""

import pytest
import torch
from torch.nn.functional import one_hot

from latentassay.assay.input_checks.repeats import COPIES, repeated_rows
from latentassay.core.levels import grade
from latentassay.core.observations import TensorObservations


def found(x, n=1000, seed=0):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    return repeated_rows(TensorObservations(x), order[:n], generator=seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def whole(most, *shape, seed=0):
    return torch.randint(most, shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dimensions", [2, 5, 30])
@pytest.mark.parametrize(("times", "n"), [(2, 1000), (4, 1000), (20, 300)])
def test_every_row_given_several_times_counts_for_less(dimensions, times, n):
    """Of 1000 rows each has ``times − 1`` copies: n rows drawn are worth n / (1 + (n − 1) (times − 1) / 999)."""
    copies = found(normal(1000 // times, dimensions).repeat(times, 1), n)
    assert copies.each.low <= 1 + (n - 1) * (times - 1) / 999 <= copies.each.high and copies.near == 0


def test_what_it_estimates_is_how_much_wider_the_variance_of_a_mean_is():
    """Means of 200 rows drawn of fours of copies: their variance over that of 200 independent ones, by simulation."""
    means = torch.stack([normal(50, 1, seed=seed).repeat(4, 1).mean() for seed in range(4000)])
    copies = found(normal(50, 5).repeat(4, 1), 200)
    assert float(copies.each) == pytest.approx(float(means.var()) * 200, rel=0.1)


def test_noisy_copies_are_near_ones():
    copies = found(normal(250, 8).repeat(4, 1) + 0.01 * normal(1000, 8, seed=1))
    assert copies.exact == 0 and copies.near > 400 and grade(copies.each, COPIES) == "warning"


def test_some_rows_given_twice_are_counted():
    copies = found(torch.cat([normal(600, 6), normal(200, 6, seed=1).repeat(2, 1)]))
    assert copies.each.low <= 1 + 400 / 1000 <= copies.each.high


def test_pictures_of_256_levels_are_copies_and_long_rows_are_summed():
    pictures = whole(256, 200, 3, 32, 32) / 255
    assert float(found(pictures.repeat(2, 1, 1, 1)).each) == pytest.approx(2, abs=0.4)
    assert found(pictures).each == 1


def spend(columns):
    """Half of the amounts are 0, beside columns of yes and no."""
    amount = torch.where(whole(2, 1000, columns) == 1, 0.0, normal(1000, columns).abs())
    return torch.cat([amount, whole(2, 1000, 5, seed=2).float()], 1)


LEGITIMATE = {
    "one of 64": lambda: one_hot(whole(64, 1000), 64).float(),
    "one of 300": lambda: one_hot(whole(300, 1000), 300).float(),
    "three of 8": lambda: one_hot(whole(8, 1000, 3), 8).flatten(1).float(),
    "one of 64 and noise": lambda: one_hot(whole(64, 1000), 64) + 0.01 * normal(1000, 64),
    "yes and no": lambda: whole(2, 1000, 12).float(),
    "mostly no": lambda: (normal(1000, 20) > 1.3).float(),
    "whole numbers": lambda: whole(1000, 1000, 1).float(),
    "counts": lambda: torch.poisson(torch.full((1000, 3), 3.0), generator=torch.Generator().manual_seed(0)),
    "ages and answers": lambda: torch.cat([whole(100, 1000, 1) / 100, whole(2, 1000, 3, seed=1).float()], 1),
    "amounts": lambda: spend(1),
    "two amounts": lambda: spend(2),
    "a grid": lambda: whole(5, 1000, 4).float(),
    "a grid and noise": lambda: whole(5, 1000, 4) + 0.01 * normal(1000, 4),
    "rounded": lambda: (10 * normal(1000, 2)).round() / 10,
    "a line": lambda: normal(1000, 1),
    "a circle": lambda: torch.stack([normal(1000).mul(9).sin(), normal(1000).mul(9).cos()], 1),
    "heavy tails": lambda: (2 * normal(1000, 4)).sinh(),
    "ten tight classes": lambda: normal(10, 10)[whole(10, 1000)] + 0.001 * normal(1000, 10, seed=1),
    "one row": lambda: torch.ones(500, 4),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LEGITIMATE)
def test_independent_rows_are_no_copies(name, seed):
    copies = found(LEGITIMATE[name](), seed=seed)
    assert copies is None or grade(copies.each, COPIES) == "good"


@pytest.mark.parametrize("dimensions", [1, 2, 3, 6, 40])
def test_rows_of_a_density_are_no_copies(dimensions):
    assert all(grade(found(normal(400, dimensions, seed=s)).each, COPIES) == "good" for s in range(10))
