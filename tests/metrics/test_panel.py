"""The panel: what it runs, what it leaves out, how it names and keeps numbers."""

import importlib
import json

import numpy as np
import pytest
import torch

import latentassay as la

GRID = np.indices((6, 5, 4, 3)).reshape(4, -1).T
QUICK = ["mig", "sap", "modularity"]


def noisy(seed=0, strength=0.3):
    return GRID + strength * np.random.default_rng(seed).normal(size=GRID.shape)


@pytest.fixture(scope="module")
def panel():
    return la.score(noisy(), GRID)


def test_every_metric_is_there_in_order_and_says_which_variant_it_is(panel):
    names = [score.name for metric in la.metrics.METRICS.values() for score in metric.scores]
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
        ({"metrics": {"mig": {"buns": 10}}}, "mig got an unexpected keyword argument 'buns'; its options are bins"),
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


def half(codes, factors):
    """Half, whatever the codes."""
    return 0.5


def sure(codes, factors):
    return la.Estimate(0.25, low=0.2, high=0.3, n=7)


def test_functions_of_the_caller_stand_beside_names_and_options():
    mine = {"half": half, "mig": {"bins": 7}, "sure": sure, "again": lambda c, f: la.metrics.mig(c, f, bins=7)}
    found = la.score(noisy(), GRID, metrics=mine, seed=3)
    assert [score.name for score in found] == ["half", "mig[bins=7]", "sure", "again"]
    assert found["half"].value == 0.5 and found["half"].n == len(GRID) and found["half"].low is None
    assert (found["half"].definition, found["half"].label, found["half"].seed) == (
        "Half, whatever the codes",
        "half",
        3,
    )
    assert (found["sure"].value, found["sure"].low, found["sure"].high, found["sure"].n) == (0.25, 0.2, 0.3, 7)
    assert found["again"].value == found["mig[bins=7]"].value and "7 equal-count bins" in found["again"].definition
    assert found.found["half"] == 0.5 and set(found.seconds) == set(found.found)
    assert [score.name for score in la.metrics.join_panels([found])] == ["mig[bins=7]", "half", "sure", "again"]


@pytest.mark.parametrize("value", [1, np.float32(1), np.array(1.0), torch.tensor(1), la.Estimate(1)])
def test_whatever_is_a_number_counts(value):
    assert la.score(noisy(), GRID, metrics={"mine": lambda codes, factors: value})["mine"].value == 1


def test_functions_of_the_caller_see_units_and_may_write_to_what_they_get():
    def greedy(codes, factors):
        shape = codes.shape
        codes[:], factors[:] = 0, 0
        return float(shape[1])

    found = la.score(noisy(), GRID, metrics={"greedy": greedy, "mig": {}}, units=[[0, 1], [2], [3]])
    assert found["greedy"].value == 3
    assert found["mig"].value == la.score(noisy(), GRID, metrics=["mig"], units=[[0, 1], [2], [3]])["mig"].value


@pytest.mark.parametrize("result", [None, "0.5", [0.5], {"score": 0.5}, True, 1j, np.ones(2), np.nan, object()])
def test_a_result_that_is_no_number_is_refused_by_name_and_file(result):
    with pytest.raises(la.InputError, match=r"metric 'mine' \(.*test_panel.py\) must return a number"):
        la.score(noisy(), GRID, metrics={"mine": lambda codes, factors: result, "mig": {}})


@pytest.mark.parametrize(
    ("name", "file"), [("mig", "mig.py"), ("completeness", "dci.py"), ("frechet_distance", "frec")]
)
def test_a_function_may_not_take_a_name_that_exists(name, file):
    with pytest.raises(la.InputError, match=rf"metrics\['{name}'\] is a function, but .*{file}.* has that name"):
        la.score(noisy(), GRID, metrics={name: half})


def test_a_function_must_take_codes_and_factors():
    with pytest.raises(la.InputError, match=r"metrics\['mine'\] .*called with codes and factors"):
        la.score(noisy(), GRID, metrics={"mine": lambda codes: 0.5})


def test_a_bug_in_a_metric_surfaces_as_itself(monkeypatch):
    def broken(codes, factors):
        return len(3)

    with pytest.raises(TypeError, match="has no len"):
        la.score(noisy(), GRID, metrics={"mine": broken})
    monkeypatch.setattr(importlib.import_module("latentassay.metrics.disentanglement.irs"), "_left", broken)
    with pytest.raises(TypeError):
        la.score(noisy(), GRID, metrics=["irs"])
    with pytest.raises(ZeroDivisionError):
        la.score(noisy(), GRID, metrics={"mine": lambda codes, factors: 1 / 0})


def test_options_are_checked_before_anything_is_measured():
    called = []
    with pytest.raises(la.InputError, match="buns"):
        la.score(noisy(), GRID, metrics={"mine": lambda codes, factors: called.append(1), "mig": {"buns": 3}})
    assert not called


def test_a_generator_of_a_panel_is_each_metrics_seed():
    by_panel = la.score(noisy(), GRID, metrics={"sap": {}, "irs": {}}, seed=5, resamples=3)
    alone = la.metrics.sap(noisy(), GRID, generator=5, resamples=3).score
    assert (by_panel["sap"].value, by_panel["sap"].low, by_panel["sap"].high) == (alone, alone.low, alone.high)


def test_metrics_that_are_in_no_panel_can_be_asked_for():
    found = la.score(noisy(), GRID, metrics=["gaussian_information"])
    assert found["gaussian_information"].value == la.metrics.gaussian_information(noisy()).score
    assert "gaussian_information" not in la.metrics.METRICS


def test_labels_are_one_factor():
    labels = la.score(noisy(), GRID[:, 0], metrics=["mig", "sap", "irs", "separation", "linear_probe", "explicitness"])
    column = la.score(noisy(), GRID[:, :1], metrics=["mig", "sap", "irs", "separation", "linear_probe", "explicitness"])
    assert [score.value for score in labels] == [score.value for score in column] and not labels.left_out


def test_columns_that_never_vary_are_left_out_and_named():
    factors = np.indices((5, 4, 5)).reshape(3, -1).T
    codes = factors + 0.1 * np.random.default_rng(0).normal(size=factors.shape)
    with_constant = la.score(codes, np.insert(factors, 1, 7, axis=1), metrics=["mig"])
    assert with_constant["mig"].value == la.score(codes, factors, metrics=["mig"])["mig"].value
    assert with_constant.notes == ("factors [1] never vary, and are left out",)
    assert "factors [1] never vary" in str(with_constant)
