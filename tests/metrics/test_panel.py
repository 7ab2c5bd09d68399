"""The panel: what it runs, what it leaves out, how it names and keeps numbers."""

import json

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics.panel import PARTS

GRID = np.indices((6, 5, 4, 3)).reshape(4, -1).T
QUICK = ["mig", "sap", "modularity"]


def noisy(seed=0, strength=0.3):
    return GRID + strength * np.random.default_rng(seed).normal(size=GRID.shape)


@pytest.fixture(scope="module")
def panel():
    return la.score(noisy(), GRID)


def test_every_metric_is_there_in_order_and_says_which_variant_it_is(panel):
    names = [part[0] for name in la.metrics.METRICS for part in PARTS.get(name, ((name,),))]
    assert [score.name for score in panel] == names and not panel.left_out
    for score in panel:
        assert score.n == len(GRID) and "; " in score.definition and np.isfinite(score.value), score
    assert "20 equal-count bins" in panel["mig"].definition and "0.99 quantile" in panel["irs"].definition
    assert set(panel.seconds) == set(panel.found) == set(la.metrics.METRICS)
    assert "MIG" in str(panel) and "128 bins" in str(panel)


def test_numbers_are_those_of_the_metrics(panel):
    assert panel["mig"].value == la.metrics.mig(noisy(), GRID).score
    assert panel["dci"].value == panel.found["dci"].disentanglement == la.metrics.dci(noisy(), GRID).disentanglement
    assert panel["factor_vae"].value == la.metrics.factor_vae(noisy(), GRID).score


def test_variants_are_named_by_what_was_chosen():
    found = la.score(noisy(), GRID, metrics=QUICK, variants=True)
    names = [score.name for score in found]
    assert "mig[bins=10, binning=width]" in names and "sap[factor_type=continuous]" in names
    assert found["mig[binning=width]"].value == la.metrics.mig(noisy(), GRID, binning="width").score
    chosen = la.score(noisy(), GRID, metrics={"mig": {"bins": 7}})
    assert chosen["mig[bins=7]"].value == la.metrics.mig(noisy(), GRID, bins=7).score


def test_every_variant_of_every_metric_runs():
    found = la.score(noisy(), GRID, variants=True)
    assert not found.left_out and len({score.name for score in found}) == len(found.scores) > 30


def test_intervals_on_request_hold_the_score():
    for score in la.score(noisy(), GRID, metrics=QUICK, resamples=6):
        assert score.low < score.value < score.high
    assert all(score.low is None for score in la.score(noisy(), GRID, metrics=QUICK))


def test_what_the_factors_do_not_allow_is_left_out_with_its_reason():
    found = la.score(noisy(), GRID[:, :1])
    assert "at least 2" in found.left_out["dci"] and "mig" in {score.name for score in found}
    with pytest.raises(la.InputError, match="no metric can say anything"):
        la.score(noisy(), GRID[:, :1], metrics=["dci"])


def test_units_of_several_latents_count_as_one():
    codes = np.stack([GRID[:, 0] // 3, GRID[:, 0] % 3, GRID[:, 1], GRID[:, 2], GRID[:, 3]], 1) + 0.0
    units = [[0, 1], [2], [3], [4]]
    found = la.score(codes, GRID, units=units, metrics=["mig", "dci", "irs"])
    assert found.found["dci"].importance.shape == found.found["mig"].information.shape == (4, 4)
    assert found["dci"].value == la.metrics.dci(codes, GRID, units=units).disentanglement > 0.99
    copies = np.repeat(GRID, 3, axis=1) + 0.0
    together = [[3 * j, 3 * j + 1, 3 * j + 2] for j in range(4)]
    assert la.score(copies, GRID, metrics=["mig"])["mig"].value == pytest.approx(0, abs=1e-9)
    assert la.score(copies, GRID, units=together, metrics=["mig"])["mig"].value > 0.99


def test_saved_panels_are_plain_json(tmp_path, panel):
    panel.save(tmp_path / "panel.json")
    kept = json.loads((tmp_path / "panel.json").read_text("utf-8"))
    assert [score["name"] for score in kept["scores"]] == [score.name for score in panel]
    assert kept["scores"][0]["value"] == panel["mig"].value and kept["seconds"].keys() == panel.seconds.keys()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"metrics": ["mig", "best"]}, "metrics must be among mig.*got best"),
        ({"metrics": {"mig": {"buns": 10}}}, "mig does not take"),
        ({"units": [[0, 1], [1]]}, "share latents"),
    ],
)
def test_refuses(options, match):
    with pytest.raises(la.InputError, match=match):
        la.score(noisy(), GRID, **options)


def test_joined_panels_come_in_the_order_of_the_table():
    parts = [la.score(noisy(), GRID, metrics=[name]) for name in ("sap", "mig")]
    found = la.metrics.join_panels(parts)
    assert [score.name for score in found] == ["mig", "sap"] and set(found.found) == {"mig", "sap"}
    assert found.seconds["mig"] == parts[1].seconds["mig"]
