"""Rounding for storage keeps within ε to the last bit."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentassay.perturbation.rounding import round_to_bytes, round_to_floats


@given(st.integers(0, 255), st.floats(0, 1, width=32), st.floats(0.0001, 0.9999))
def test_bytes_are_the_nearest_within_reach(x, wanted, eps):
    found = int(round_to_bytes(np.array([x], np.uint8), np.array([wanted], np.float32), eps)[0])
    levels = torch.arange(256, dtype=torch.uint8).float().div_(255).double().numpy()
    reach = [
        k
        for k in range(256)
        if abs(levels[k] - levels[x]) <= eps and abs(float(np.float32(levels[k]) - np.float32(levels[x]))) <= eps
    ]
    assert found in reach
    assert abs(found - 255 * wanted) <= min(abs(k - 255 * wanted) for k in reach) + 1e-6


@given(st.floats(0, 1, width=32), st.floats(-1, 2, width=32), st.floats(0.0001, 0.9999))
def test_floats_keep_to_eps_to_the_last_bit(x, wanted, eps):
    origin = np.array([x], np.float32)
    found = round_to_floats(origin, np.array([wanted], np.float32), eps)
    assert found.dtype == np.float32 and 0 <= found[0] <= 1
    assert abs(float(found[0]) - float(origin[0])) <= eps and float(abs(found - origin)[0]) <= eps
    assert abs(float(found[0]) - np.clip(wanted, max(0, x - eps), min(1, x + eps))) < 1e-6
