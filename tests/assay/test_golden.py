"""What an assay says of three small models stays what it was, to rounding on any machine, whatever moves around it."""

import json
from pathlib import Path

import pytest
from assay.golden import MODELS, said

KEPT = json.loads((Path(__file__).parent / "golden.json").read_text("utf-8"))


@pytest.mark.parametrize("name", MODELS)
def test_an_assay_says_what_it_said(name):
    now = said(name)
    assert now["findings"] == [list(map(str, finding)) for finding in KEPT[name]["findings"]]
    assert list(now["scores"]) == list(KEPT[name]["scores"])
    for key, numbers in KEPT[name]["scores"].items():
        for found, kept in zip(now["scores"][key], numbers, strict=True):
            assert found == (kept if kept is None else pytest.approx(kept, rel=1e-4, abs=1e-6)), key
