import json

import pytest

from latentassay.truth.plants import kinds
from latentassay.truth.results import summarise
from latentassay.truth.runs import run, tasks


@pytest.fixture(scope="module")
def bench():
    chosen = kinds(("collapsed unit", "PCA"))
    outcomes = run(tasks(chosen, seeds=2, diagnosers=("kl", "max_z"), repeats=0))
    return summarise(chosen, outcomes, seeds=2, seconds=1.0)


def test_a_bench_is_kept_as_json(bench, tmp_path):
    bench.save(tmp_path / "found.json")
    facts = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert facts["seeds"] == 2
    assert set(facts["versions"]) == {"latentassay", "torch", "numpy", "python"}
    (full,) = [one for one in facts["rates"] if one["dose"] == 3 and one["diagnoser"] == "kl"]
    assert (full["name"], full["n"], full["named"]["value"]) == ("collapsed unit", 2, 1.0)
    assert 0 < full["named"]["low"] < 1
    assert facts["kinds"][0]["twin"] == "clean vectors"


def test_rates_are_found_by_name(bench):
    assert bench.diagnosers == ("kl", "max_z")
    assert bench.rate("collapsed unit", 3, "kl").n == 2
    assert bench.rate("collapsed unit", 3, "ours") is None
