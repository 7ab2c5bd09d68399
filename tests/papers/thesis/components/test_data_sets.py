"""The data of chapter 3: rows to learn from and rows to test on."""

import numpy as np

from latentassay.papers.thesis.components.data_sets import load_whole, split_data


def test_parts_do_not_meet_and_follow_the_seed():
    learn, test = split_data("smoke", "dSprites", None, seed=0)
    data = load_whole("smoke", "dSprites", None)
    rows = {tuple(row) for row in learn.factors.tolist()} & {tuple(row) for row in test.factors.tolist()}
    assert (len(learn), len(test)) == (480, 60) and not rows
    assert data.factor_names == ("shape", "scale", "orientation", "x", "y") and data.x_shape == (1, 16, 16)
    assert not np.array_equal(split_data("smoke", "dSprites", None, seed=1).test.factors, test.factors)
