"""Sharing: units beyond doubt are named, the worst first; nothing is said where none serves a second factor."""

import numpy as np
import torch

from latentassay.assay.sharing import SHARED, Sharing, as_columns, judge_sharing, shared_finding
from latentassay.core.estimate import Estimate
from latentassay.core.units import as_units


def sharing(*values, stderr=0.01):
    return [Sharing(str(k), "x", "y", Estimate(value, stderr=stderr)) for k, value in enumerate(values)]


def finding_of(*values, stderr=0.01):
    units = sharing(*values, stderr=stderr)
    return shared_finding(units, judge_sharing(units))


def test_units_beyond_doubt_are_named_the_worst_first():
    found = finding_of(0.3, 0.0, 0.6, 0.1)
    assert found.level == "warning" and found.subjects == ("2", "0") and found.bounds is SHARED
    assert "unit 2 of x and y (60.0 ± 2.0 % of its entropy besides)" in found.sentence


def test_levels_between_name_nobody():
    assert finding_of(0.0, 0.01) is None and judge_sharing([]) is None
    assert finding_of(0.1).level == "note" and finding_of(0.1).subjects == ()
    unsure = finding_of(0.14, stderr=0.05)
    assert unsure.level == "unsure" and unsure.settle and unsure.sentence.startswith("Whether ")


def test_large_units_become_leading_components():
    codes = torch.randn(40, 200, generator=torch.Generator().manual_seed(0)).double()
    columns, groups = as_columns(codes, as_units([list(range(100)), list(range(100, 200))], (200,)), 0)
    assert [len(group) for group in groups] == [39, 39] and columns.shape == (40, 78)  # 40 centred rows have rank 39
    small, of_each = as_columns(codes[:, :3], as_units(None, (3,)), 0)
    np.testing.assert_array_equal(small, codes[:, :3].numpy())
    assert of_each == [[0], [1], [2]]
