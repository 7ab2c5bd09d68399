import re

import pytest

from latentassay.core.errors import InputError
from latentassay.faults.axes import find_commit, run_axes


def test_axes_and_functions_are_chosen():
    found = run_axes(("arrays",), ("sampling.central",), quick=True)
    assert found.axes == ("valid calls", "bad arrays") and found.quick
    for words in ((("nonsense",), None), (("arrays",), ("nonsense",))):
        with pytest.raises(InputError, match="nonsense"):
            run_axes(*words)


def test_the_commit_is_named_where_there_is_a_repository():
    assert re.fullmatch(r"([0-9a-f]{9}\+?)?", find_commit())
