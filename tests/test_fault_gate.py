"""The gate: a quick run of every axis of the bench of faults finds nothing that is not known."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from latentassay.faults.axes import AXES


@pytest.mark.parametrize("axis", AXES)
def test_nothing_is_found_in_a_quick_run(axis, tmp_path):
    path = tmp_path / "found.json"
    done = subprocess.run(  # in a process without the tests' type checks, which are errors of another kind
        [sys.executable, "-m", "latentassay", "bench", "faults", "--quick", "--axes", axis, "--out", str(path)],
        capture_output=True,
        text=True,
    )
    assert path.exists(), done.stderr
    facts = json.loads(path.read_text("utf-8"))
    words = [" ".join(map(str, list(each.values())[:6])) for each in facts["faults"]]
    assert not Counter(each["verdict"] for each in facts["faults"]) and done.returncode == 0, "\n".join(words)
    assert facts["calls"] > 0
