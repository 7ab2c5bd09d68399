"""Do codes follow their pictures when those are moved? Patches do; codes with signs of their places do not."""

import pytest
import torch

from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.planted import Twin, data

KEY = "spatial.transform_equivariance"


def test_patches_follow_a_shift_by_a_patch_exactly():
    sections = ask(Twin(), data(), KEY)
    assert findings_of(sections)["spatial.shifts"].level == "good"
    assert scores_of(sections)["spatial.encoded.shift-down"].value == pytest.approx(0, abs=1e-6)
    assert set(figures(sections.values())) == {f"{KEY}.bars"}


def test_codes_that_do_not_follow_a_shift_are_warned_of():
    weights = torch.randn(8, 8, generator=torch.Generator().manual_seed(2)).sign().double()
    model = Twin(code=lambda x, m, s: (m * weights, s), latent=lambda z: z * weights)
    found = findings_of(ask(model, data(), KEY))
    assert found["spatial.shifts"].level == "warning" and "do not quite follow" in found["spatial.shifts"].sentence


def test_a_slow_model_is_asked_on_fewest_rows():
    assert scores_of(ask(Twin(), data(), KEY, budget=1e-6))["spatial.encoded.shift-down"].n == 8
