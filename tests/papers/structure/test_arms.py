"""Panels of extrapolation: each picture in its place, each number below its pictures."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.papers.structure.arms import extrapolation

RNG = np.random.default_rng(0)
X = RNG.uniform(size=(2, 3, 8, 8))
ROWS = {model: {arm: RNG.uniform(size=X.shape) for arm in ("none", "all")} for model in ("SAE", "β-VAE", "AE")}


def grid(figure):
    return np.array(figure.axes).reshape(3, 3)


def test_inputs_stand_first_and_reconstructions_under_their_arm():
    axes = grid(extrapolation(X, ROWS))
    assert [ax.get_title(loc="left") for ax in axes[0]] == ["input", "none", "all"]
    assert [line[0].get_ylabel() for line in axes] == list(ROWS)
    assert not any(ax.get_title(loc="left") for ax in axes[1:].flat)
    for line, (model, own) in zip(axes, ROWS.items()):
        for ax, images in zip(line, (X, *own.values())):
            drawn = np.asarray(ax.images[0].get_array())[..., :3]
            np.testing.assert_allclose(drawn[1:9, 1:9], images[0].transpose(1, 2, 0), atol=1e-6, err_msg=model)
            np.testing.assert_allclose(drawn[1:9, 11:19], images[1].transpose(1, 2, 0), atol=1e-6)


def test_numbers_stand_below_reconstructions_alone():
    numbers = {model: {"none": 12.34, "all": 0.3456} for model in ROWS}
    axes = grid(extrapolation(X, ROWS, numbers=numbers))
    assert [[ax.get_xlabel() for ax in line] for line in axes] == [["", "12.3", "0.346"]] * 3


@pytest.mark.parametrize(
    ("inputs", "rows", "words"),
    [
        (X, {}, "name a model with an arm"),
        (X, {"SAE": {}}, "name a model with an arm"),
        (X[0], ROWS, r"inputs must be images"),
        (X, {"SAE": {"none": X[:1]}}, r"SAE must have arms \['none'\] of shape"),
        (X, ROWS | {"VAE": {"none": X}}, r"VAE must have arms \['none', 'all'\]"),
    ],
)
def test_what_is_refused(inputs, rows, words):
    with pytest.raises(InputError, match=words):
        extrapolation(inputs, rows)
