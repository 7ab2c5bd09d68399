"""The record that the decorator leaves."""

from functools import partial

import pytest

import latentassay as la
from latentassay.metrics.laws import Laws, Near
from latentassay.metrics.metric import Metric, ScoreOf, metric, metric_of

LAWS = Laws(perfect=Near(1, 0), chance=Near(0, 0))


def declare(**options):
    return metric(**{"label": "L", "source": "S", "needs": "factors", "laws": LAWS, **options})


def test_the_function_stays_what_it_is():
    def plain(codes, factors):
        """Say."""

    assert declare()(plain) is plain and plain.__doc__ == "Say."
    record = metric_of(plain)
    assert record.function is plain and record.name == "plain" and record.file == __file__
    assert record.laws == (LAWS,) and record.scores == (ScoreOf("plain", "L", "", "score"),)
    with pytest.raises(AttributeError):
        record.name = "other"


def test_names_and_scores_may_be_others():
    @declare(
        name="other", scores=[ScoreOf("a", "A", "x", "first"), ScoreOf("b", "B", "y", "second")], laws=[LAWS, LAWS]
    )
    def plain(codes, factors):
        pass

    record = metric_of(plain)
    assert record.name == "other" and [score.field for score in record.scores] == ["first", "second"]
    assert len(record.laws) == 2


@pytest.mark.parametrize("missing", ["label", "source", "needs", "laws"])
def test_what_a_table_or_a_law_needs_must_be_said(missing):
    options = {"label": "L", "source": "S", "needs": "factors", "laws": LAWS}
    del options[missing]
    with pytest.raises(TypeError, match=missing):
        metric(**options)


def test_what_no_metric_is_has_no_record():
    assert metric_of(la.score) is None and metric_of(3) is None and metric_of(partial(la.metrics.mig)) is None


@pytest.mark.parametrize(
    "function", [partial(la.metrics.mig, bins=3), la.metrics.mig, partial(partial(la.metrics.mig))]
)
def test_the_file_is_found_behind_wrappers(function):
    assert Metric(function=function, name="", label="").file.endswith("mig.py")
    assert Metric(function=len, name="", label="").file
