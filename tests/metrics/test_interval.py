"""Results of metrics have ``interval``, as they had before scores were estimates."""

import numpy as np
import pytest

import latentassay as la

FACTORS = np.random.default_rng(0).integers(0, 4, (200, 2))
CODES = FACTORS + 0.3 * np.random.default_rng(1).normal(size=FACTORS.shape)


@pytest.mark.parametrize("metric", [la.metrics.mig, la.metrics.sap, la.metrics.irs, la.metrics.modularity])
def test_the_older_name_reads_the_ends_of_the_score(metric):
    found = metric(CODES, FACTORS, resamples=4)
    assert found.interval == (found.score.low, found.score.high) and found.interval.low < found.interval.high
    assert metric(CODES, FACTORS).interval is None


def test_of_three_scores_it_is_the_first_one_s():
    found = la.metrics.dci(CODES, FACTORS, predictor="lasso", resamples=3)
    assert found.interval == (found.disentanglement.low, found.disentanglement.high)


def test_every_metric_that_estimates_a_score_has_it():
    wrong = [
        name
        for name, metric in la.metrics.METRICS.items()
        if metric.needs != "samples" and not hasattr(metric(CODES, FACTORS), "interval") and name != "active_units"
    ]
    assert not wrong
