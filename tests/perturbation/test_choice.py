"""Which models are taken from either end."""

import numpy as np
import pytest
import torch
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.posteriors import Point
from latentassay.data import FactorData
from latentassay.perturbation import most_and_least

CODES = np.indices((10, 10)).reshape(2, -1).T


class Turned:
    """An encoder that turns the two factors by an angle: 0 is disentangled, 45° is not."""

    latent_shape, prior = (2,), None

    def __init__(self, degrees):
        self.turn = torch.tensor(np.deg2rad(degrees), dtype=torch.float32)

    def encode(self, x: Tensor) -> Point:
        c, s = self.turn.cos(), self.turn.sin()
        return Point(torch.stack([c * x[:, 0] - s * x[:, 1], s * x[:, 0] + c * x[:, 1]], 1))


def data():
    return FactorData(CODES.astype(np.float32), CODES, ("a", "b"))


@pytest.mark.parametrize("metric", ["mig", "ds", "udr"])
def test_straight_models_come_first_and_turned_ones_last(metric):
    angles = (45, 0, 20, 90, 40)
    models = [Turned(angle) for angle in angles]
    found = most_and_least(models, data(), count=2, metric=metric)
    assert found.scores.shape == (5,) and found.n == 100 and metric in found.variant
    assert found.disentangled[0] is models[found.order[0]] and found.entangled[0] is models[found.order[-1]]
    assert not set(found.disentangled) & set(found.entangled)
    if metric != "udr":  # which knows no factors, and two turned alike agree as well
        assert set(found.disentangled) == {models[1], models[3]}


@pytest.mark.parametrize(("options", "message"), [({"count": 3}, "at least 6"), ({"count": 0}, "at least 0")])
def test_too_few_models_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        most_and_least([Turned(0)] * 5, data(), **options)


def test_they_are_at_the_top_and_bring_pydantic_only_when_asked_for():
    import subprocess
    import sys

    script = (
        "import sys, latentassay as la; early = 'pydantic' in sys.modules; "
        "print(early, la.perturb.__name__, la.perturbation.most_and_least.__name__, hasattr(la, 'perturbed'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "perturb", "most_and_least", "False"]
