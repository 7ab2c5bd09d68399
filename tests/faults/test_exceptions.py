from latentassay.faults.arrays import ARRAYS
from latentassay.faults.exceptions import KNOWN, LEFT_OUT, find_known
from latentassay.faults.judging import FAULTS
from latentassay.faults.models import MODELS


def test_what_is_known_has_a_reason_and_names_a_case_and_a_fault():
    assert all(map(str.strip, (*KNOWN.values(), *LEFT_OUT.values())))
    assert all(case in {*ARRAYS, *MODELS, "*"} and verdict in FAULTS for _, case, verdict in KNOWN)


def test_what_is_not_listed_is_not_known():
    assert find_known("respond", "global chance", "state")
    assert find_known("respond", "global chance", "raw") is None
    assert find_known("respond", "NaN", "state") is None
