"""Do codes follow their pictures when those are moved? Patches do; codes with signs of their places do not."""

import numpy as np
import pytest
import torch

from latentassay.assay.questions.transform_equivariance import QUESTION, TransformEvidence
from latentassay.core.levels import grade
from latentassay.report import figures
from tests.assay.asking import ask, context_of, findings_of, scores_of
from tests.assay.planted import Twin, data

KEY = "spatial.transform_equivariance"


def test_patches_follow_a_shift_by_a_patch_exactly():
    sections = ask(Twin(), data(), KEY)
    assert findings_of(sections)["spatial.shifts"].level == "good"
    assert scores_of(sections)["spatial.encoded.shift-down"].value == pytest.approx(0, abs=1e-6)
    assert set(figures(sections.values())) == {f"{KEY}.bars"}


@pytest.mark.parametrize("seed", range(5))
def test_codes_that_do_not_follow_a_shift_are_warned_of(seed):
    weights = torch.randn(8, 8, generator=torch.Generator().manual_seed(seed)).sign().double()
    model = Twin(code=lambda x, m, s: (m * weights, s), latent=lambda z: z * weights)
    found = findings_of(ask(model, data(), KEY))["spatial.shifts"]
    assert found.level == "warning" and "do not follow" in found.sentence and found.remedy
    assert found.level == grade(found.estimate, found.bounds)


@pytest.fixture(scope="module")
def context():
    return context_of(Twin(), data())


def evidence(encoded, stderr=0.01):
    names = ("shift down", "shift right", "flip down", "zoom by 2")
    values, errors = np.array(encoded), np.full(len(encoded), stderr)
    return TransformEvidence(
        encoded=values,
        encoded_stderr=errors,
        decoded=values,
        decoded_stderr=errors,
        names=names,
        margin=(1, 1),
        n=48,
        variant="",
    )


@pytest.mark.parametrize(
    ("shift", "stderr", "level"),
    [(0.02, 0.01, "good"), (0.3, 0.01, "note"), (0.09, 0.01, "unsure"), (0.5, 0.1, "unsure"), (0.9, 0.05, "warning")],
)
def test_levels_follow_from_the_worst_shift_and_its_interval(context, shift, stderr, level):
    shifts, moves = QUESTION.judge(evidence([0.01, shift, 1.9, 0.55], stderr), context).findings
    assert shifts.level == level and (shifts.settle is not None) == (level == "unsure")
    assert (shifts.remedy is not None) == (level in ("note", "warning"))
    assert moves.level == "note"  # models need not follow flips


def test_a_factor_and_the_percentage_behind_it_are_told_apart(context):
    _, moves = QUESTION.judge(evidence([0.0, 0.0, 1.9, 0.549]), context).findings
    assert "flip down: 190.0 ± 2.0 %, zoom by a factor of 2: 54.9 ± 2.0 % of their variance" in moves.sentence


def test_a_slow_model_is_asked_on_fewest_rows():
    assert scores_of(ask(Twin(), data(), KEY, budget=1e-6))["spatial.encoded.shift-down"].n == 8
