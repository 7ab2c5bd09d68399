"""A matrix of which some units were measured again: what was measured stands, in the new scale."""

import torch

from latentassay.core.units import Units
from latentassay.responses import response_matrix
from latentassay.responses.refined import refine
from tests.assay.responding import leaking

LEAKING = [[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0.5], [0, 0, 0, 1]]


def matrices():
    model, data = leaking(LEAKING)
    z = model.encode(data).mean.float()
    few = response_matrix(model, z[:64])
    return few, response_matrix(model, z), response_matrix(model, z, units=Units(((1,), (3,)), (4,)))


def test_measured_again_for_all_units_it_is_the_new_matrix():
    few, many, _ = matrices()
    refined = refine(few, many, range(4))
    for name in ("matrix", "normalized", "normalized_stderr", "sigma", "effect", "effect_stderr"):
        torch.testing.assert_close(getattr(refined, name), getattr(many, name))
    assert refined.used == many.used and refined.n == many.n


def test_entries_with_others_keep_their_squares_and_are_normalized_by_the_new_spread():
    few, _, part = matrices()
    refined = refine(few, part, [1, 3])
    assert refined.used == (few.used[0], part.used[0], few.used[2], part.used[1])
    torch.testing.assert_close(refined.matrix[0], few.matrix[0])
    torch.testing.assert_close(refined.normalized[[1, 3]][:, [1, 3]], part.normalized)
    torch.testing.assert_close(refined.normalized[0], few.matrix[0] / (2**0.5 * refined.sigma))
    torch.testing.assert_close(refined.normalized[:, 2], few.normalized[:, 2])
