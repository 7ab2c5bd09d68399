import os
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.core.errors import InputError
from latentassay.faults.arrays import ARRAYS
from latentassay.faults.judging import digest, holds_nan, judge, leaves, limited, timed
from latentassay.faults.models import vector_model


def silent(x):
    """Say nothing."""
    return x * float("nan")


def documented(x):
    """Return NaN where x is not finite."""
    return x * float("nan")


def typed(x):
    raise InputError("x is bad")


def raw(x):
    raise IndexError("x is bad")


def change(x):
    x[0] = 5


def draw(x):
    torch.rand(1)


def draw_numpy(x):
    np.random.rand()


def leave(x):
    os.chdir("/")


def switch(x):
    torch.set_grad_enabled(False)


def filter_warnings(x):
    warnings.filterwarnings("error", "nothing says this")


def loop(x):
    while True:
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("function", "verdict"),
    [
        (documented, "value"),
        (typed, "typed"),
        (silent, "nan"),
        (raw, "raw"),
        (change, "input"),
        (draw, "state"),
        (draw_numpy, "state"),
        (leave, "state"),
        (switch, "state"),
        (filter_warnings, "state"),
        (loop, "hang"),
    ],
)
def test_every_fault_is_seen_and_the_state_put_back(function, verdict, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = torch.get_rng_state()
    assert judge(function, {"x": torch.ones(3)}, seconds=0.2)[0] == verdict
    assert Path.cwd() == tmp_path and torch.is_grad_enabled()
    assert torch.equal(before, torch.get_rng_state())


def test_what_a_function_is_there_to_change_may_change():
    assert judge(change, {"x": torch.ones(3)}, changes=("x",)) == ("value", "")


def test_a_changed_mode_or_weight_of_a_model_is_a_changed_input():
    model = vector_model()
    before = digest({"model": model})
    model.eval()
    assert digest({"model": model}) != before
    model.train()
    assert digest({"model": model}) == before
    with torch.no_grad():
        next(model.parameters()).add_(1)
    assert digest({"model": model}) != before


def test_nan_is_found_in_records():
    assert holds_nan(la.Estimate(float("nan")))
    assert holds_nan({"a": [(np.array([0.0, np.nan]),)]})
    assert not holds_nan((torch.zeros(2), "nan", None, np.arange(3)))
    assert list(leaves({"a": (1, [2])})) == [1, 2]


def test_time_is_limited_and_measured():
    with pytest.raises(BaseException, match=r"^$"), limited(0.05):
        time.sleep(5)
    value, seconds = timed(lambda: 3)
    assert value == 3 and seconds < 1


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize("name", ARRAYS)
def test_every_spoilt_array_has_a_digest(name):
    array = torch.arange(12.0).reshape(4, 3)
    assert len(digest(ARRAYS[name](array))) == 16
    assert digest(ARRAYS[name](array)) == digest(ARRAYS[name](array))
