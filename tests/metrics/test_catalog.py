"""Which metrics are found, in which order, and what is refused."""

import sys

import pytest

import latentassay as la
from latentassay.metrics.catalog import code_metrics, collect, known_metrics, panel_metrics
from latentassay.metrics.laws import Laws, Near
from latentassay.metrics.metric import metric, metric_of

PANEL = ["mig", "dcimig", "dci", "sap", "irs", "modularity", "explicitness", "factor_vae", "beta_vae", "separation"]
PANEL += ["linear_probe", "active_units", "total_correlation"]
LAWS = Laws(lowest=0, highest=1, perfect=Near(1, 0), chance=Near(0, 0))


def test_the_table_has_the_order_it_always_had():
    assert list(panel_metrics()) == list(la.metrics.METRICS)
    assert [name for name in panel_metrics() if name in PANEL] == PANEL
    assert {*code_metrics()} >= {*PANEL, "gaussian_information"} and "gaussian_information" not in panel_metrics()
    samples = [name for name in known_metrics() if name not in code_metrics()]
    assert samples[:3] == ["frechet_distance", "kernel_distance", "precision_recall"]


def test_every_metric_is_public_and_says_what_a_table_needs():
    for name, known in known_metrics().items():
        assert getattr(la.metrics, name) is known.function and metric_of(known.function) is known
        assert name in dir(la.metrics)
        assert known.label and known.laws and all(score.label and score.formula for score in known.scores)
        assert known.file.endswith(".py") and known.function.__name__ == name


def test_what_is_public_is_there_and_nothing_else_is():
    assert all(hasattr(la.metrics, name) for name in la.metrics.__all__)
    assert len(set(la.metrics.__all__)) == len(la.metrics.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'migg'"):
        la.metrics.migg


def folder(tmp_path, monkeypatch, **files):
    """A package of such files."""
    name = tmp_path.name.replace("-", "_")
    place = tmp_path / name
    place.mkdir()
    for file, text in {"__init__": "", **files}.items():
        (place / f"{file}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return __import__(name)


HEAD = """
from latentassay.metrics.laws import Laws, Near
from latentassay.metrics.metric import ScoreOf, metric
LAWS = Laws(lowest=0, highest=1, perfect=Near(1, 0), chance=Near(0, 0))
"""
ONE = HEAD + "@metric(label='One', source='', needs='codes', laws=LAWS)\ndef one(codes):\n    return 1\n"


def test_files_are_found_whatever_they_import_and_in_order(tmp_path, monkeypatch):
    two = HEAD + "from {0}.b import one\n@metric(label='Two', source='', needs='codes', laws=LAWS, order=5)\n"
    two = two.format(tmp_path.name.replace("-", "_")) + "def two(codes):\n    return one(codes) + 1\n"
    found = collect([folder(tmp_path, monkeypatch, a=two, b=ONE, c="def helper():\n    return 0\n")])
    assert list(found) == ["two", "one"] and found["two"]([[0.0]], [[0]], resamples=0, generator=0) == 2


@pytest.mark.parametrize("scores", ["", ", scores=[ScoreOf('first', 'F', 'f'), ScoreOf('one', 'O', 'o')]"])
def test_two_files_of_one_name_are_both_named(tmp_path, monkeypatch, scores):
    name = "one" if not scores else "other"
    other = (
        HEAD + f"@metric(label='O', source='', needs='codes', laws=LAWS{scores})\ndef {name}(codes):\n    return 1\n"
    )
    with pytest.raises(la.FileError, match=r"\w+\.py: calls a metric 'one', as .*\.py does already. Give it another"):
        collect([folder(tmp_path, monkeypatch, a=ONE, b=other)])


def test_options_that_are_not_for_a_metric_are_left_out_and_wrong_ones_are_not():
    @metric(label="Plain", source="", needs="factors", laws=LAWS)
    def plain(codes, factors, *, bins=3):
        return bins

    known = metric_of(plain)
    assert known([[0]], [[0]], resamples=4, generator=3, bins=5) == 5
    with pytest.raises(TypeError, match="buns"):
        known([[0]], [[0]], buns=5)
