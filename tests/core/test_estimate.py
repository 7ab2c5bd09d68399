import copy
import pickle

import pytest

from latentassay.core.estimate import Z95, Estimate


def test_it_is_a_float_in_every_computation():
    found = Estimate(0.5, stderr=0.1, n=9)
    assert found == 0.5 and type(found + 0) is float and f"{found:.2f}" == "0.50" and round(found, 1) == 0.5


def test_what_is_left_out_follows_from_the_rest():
    assert Estimate(1.0, stderr=0.5).high == pytest.approx(1 + Z95 / 2)
    assert Estimate(1.0, low=0.0, high=2 * Z95).stderr == pytest.approx(1.0)
    bare = Estimate(1.0)
    assert bare.low is bare.high is bare.stderr is bare.n is None and str(bare) == "1"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_keep_all(again):
    found = again(Estimate(0.5, low=0.1, high=0.6, n=4))
    assert (found, found.low, found.high, found.n) == (0.5, 0.1, 0.6, 4)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.265, stderr=0.00408), "0.2650 ± 0.0080"),
        (Estimate(0.0, low=0.0, high=0.037), "0.000 (0.000 to 0.037)"),
        (Estimate(float("nan"), stderr=1.0), "nan"),
        (Estimate(0.99, low=0.5, high=float("inf")), "0.99"),
        (Estimate(2.48e22, stderr=1e22), "2.5e+22 ± 2.0e+22"),
        (Estimate(2.48e22, low=0.0, high=1e23), "2.5e+22 (0.0e+00 to 1.0e+23)"),
    ],
)
def test_it_prints_with_as_many_digits_as_its_interval_has_meaning(estimate, text):
    assert str(estimate) == repr(estimate) == f"{estimate}" == text


def test_rounded_sums_have_no_interval_to_show():
    assert str(Estimate(100.0, stderr=4e-14)) == "100" and str(Estimate(1.0, stderr=1e-5)) == "1 ± 2.0e-05"
