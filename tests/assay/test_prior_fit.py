"""One scale for all units is said once, by the input checks; units that differ from it by name."""

import re

import pytest
import torch

import latentassay as la
from tests.assay.asking import ask, findings_of


def said(stds):
    x = torch.randn(4000, 4, generator=torch.Generator().manual_seed(1)).double() * torch.tensor(stds)
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(4,), prior="normal")
    return findings_of(ask(model, x, "aggregate", "input_checks", samples=4000))


@pytest.mark.parametrize("times", [0.4, 2.5])
def test_one_scale_for_all_units_is_said_in_one_place(times):
    found = said([times] * 4)
    assert found["input_checks.scale"].level == "warning" and "aggregate.spread" not in found
    (said_scale,) = re.findall(r"scale, ([0-9.]+) times", found["aggregate"].sentence)
    assert found["aggregate"].level == "note" and float(said_scale) == pytest.approx(times, rel=0.1)


@pytest.mark.parametrize("times", [0.4, 2.5])
def test_one_unit_of_another_scale_is_named(times):
    found = said([times, 1.0, 1.0, 1.0])
    assert found["aggregate.spread"].level == "warning" and found["aggregate.spread"].subjects == ("0",)
