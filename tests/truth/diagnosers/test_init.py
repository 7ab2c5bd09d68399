import pytest

import latentassay as la
from latentassay.truth.diagnosers import KNOWN, find_diagnoser


def test_names_and_trusted_functions_are_found():
    assert find_diagnoser("ours") is KNOWN["ours"]
    assert find_diagnoser("latentassay.truth.diagnosers.baselines:kl_units", trust=True) is KNOWN["kl"]


@pytest.mark.parametrize(
    ("words", "trust", "message"),
    [
        ("nobody", False, "no diagnoser is called"),
        ("os:getcwd", False, "say --trust"),
        ("nowhere_at_all:f", True, "cannot be imported"),
        ("os:nothing", True, "has no function"),
    ],
)
def test_others_are_refused(words, trust, message):
    with pytest.raises(la.InputError, match=message):
        find_diagnoser(words, trust=trust)
