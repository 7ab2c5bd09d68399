"""Which channels are dead, repeat one another, or leak: asked by channel alone, counted, and the worst named."""

import pytest
import torch

import latentassay as la
from latentassay.report import figures
from tests.assay.asking import ask, findings_of
from tests.assay.planted import Twin, data, identity, leaking, unanswering

KEY = "spatial.channels"


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_channels_of_any_dimension_can_be_clean(sides):
    sections = ask(*identity(2, *sides), KEY, samples=48)
    assert findings_of(sections)[KEY].level == "good"
    assert set(figures(sections.values())) == {f"{KEY}.relations"}


def test_units_of_ones_own_say_nothing_of_channels():
    model = Twin(code=leaking)
    assert "spatial.leaks" in findings_of(ask(model, data(), KEY))
    found = findings_of(ask(model, data(), KEY, units=[[0, 1], [2, 3]]))
    assert "spatial.leaks" not in found and "spatial.dead" not in found


def test_channels_that_say_and_do_nothing_are_dead_for_both_reasons():
    found = findings_of(ask(*unanswering(), KEY, samples=48))
    assert found["spatial.dead"].sentence.startswith("2 channels are dead (c0, c1: ")


def test_many_faults_are_counted_and_a_few_named():
    """Every channel but the first hears the first; all nine leaks are counted, six are named."""

    def heard(x):
        mean = x.clone()
        mean[:, 1:] = mean[:, 1:] + 1.5 * x[:, :1]
        return mean

    model = la.from_torch(heard, lambda z: z, latent_shape=(10, 2, 4))
    found = findings_of(ask(model, torch.randn(300, 10, 2, 4, generator=torch.Generator().manual_seed(0)), KEY))
    assert found["spatial.leaks"].sentence.endswith("and 3 more.")
