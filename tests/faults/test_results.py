import json

from latentassay.faults.judging import Outcome
from latentassay.faults.results import Faults, by_kind, grids, listing, markdown, pack, scoreboard, total


def outcome(case, verdict):
    return Outcome(axis="bad models", function="respond", argument="model", case=case, verdict=verdict, detail="why|")


FOUND = Faults(
    outcomes=(outcome("None", "raw"), outcome("global chance", "state"), outcome("points", "value")),
    quick=True,
    commit="abc",
    seconds=2.0,
)


def test_what_is_known_is_counted_apart():
    assert [one.case for one in FOUND.faults] == ["None"]
    assert [one.case for one in FOUND.known] == ["global chance"]
    assert FOUND.count("bad models") == {"raw": 1, "known": 1, "value": 1}
    assert total(FOUND.count("bad models")) == 3


def test_tables_show_every_verdict():
    assert scoreboard(FOUND).rows == (("bad models", "3", "1", "0", "1", "1"),)
    assert by_kind(FOUND).rows[:2] == (("raw error", "1"), ("NaN", "0"))
    assert listing(FOUND.faults).rows == (("respond", "raw", "why|", "model: None"),)
    assert r"why\|" in markdown(FOUND) and len(grids(FOUND)) == 3


def test_everything_is_kept_as_json(tmp_path):
    FOUND.save(tmp_path / "found.json")
    facts = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert facts == pack(FOUND)
    assert facts["commit"] == "abc" and facts["counts"]["bad models"]["raw"] == 1
    assert [one["case"] for one in facts["faults"]] == ["None"]
