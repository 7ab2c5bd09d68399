"""What a panel is asked for, read before anything is measured."""

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics.catalog import code_metrics, panel_metrics
from latentassay.metrics.jobs import Job, read_jobs, read_score


def names(jobs):
    return [job.key(job.metric.name) for job in jobs]


def test_all_of_the_panel_where_nothing_is_named():
    assert names(read_jobs(None)) == list(panel_metrics())
    variants = sum(len(metric.variants) for metric in panel_metrics().values())
    assert len(read_jobs(None, variants=True)) == len(panel_metrics()) + variants


def test_options_come_before_the_variants_that_the_field_quotes():
    found = names(read_jobs({"irs": {"quantile": 0.5}}, variants=True))
    assert found == ["irs[quantile=0.5]", "irs[bias=kept]", "irs[quantile=1.0]", "irs[quantile=0.9]"]


def test_functions_are_jobs_of_their_own():
    class Ruler:
        """A ruler."""

        def __call__(self, codes, factors):
            return 1.0

    job, other = read_jobs({"ruler": Ruler(), "irs": {}})
    assert job.own and not other.own and job.metric.formula == "a function of the caller's"
    assert job.metric.file.endswith("test_jobs.py") and "metric 'ruler' (" in str(job)


@pytest.mark.parametrize(
    ("metrics", "match"),
    [
        (["frechet_distance"], "metrics must be among mig, .*, got frechet_distance"),
        (["completeness"], "got completeness"),
        ({"dci": {"predictor": "forest", "trees": 3}}, "dci got an unexpected keyword argument 'trees'"),
        ({"active_units": {"std": None, "bins": 3}}, "its options are threshold, std"),
    ],
)
def test_what_is_unknown_is_refused(metrics, match):
    with pytest.raises(la.InputError, match=match):
        read_jobs(metrics)


@pytest.mark.parametrize("metrics", ["mig", {"mig": 3}, {"mig": None}])
def test_what_are_no_options_is_refused(metrics):
    with pytest.raises((la.InputError, TypeError), match="metrics"):  # the latter is beartype's, in tests only
        read_jobs(metrics)


def test_scores_are_read_from_fields_or_are_the_result():
    job = Job(code_metrics()["mig"], {})
    found = la.metrics.mig(np.eye(4)[:, :2], [0, 0, 1, 1])
    assert read_score(job, found, "score") is found.score and read_score(job, 2, "score") == 2
    with pytest.raises(la.InputError, match=r"metric 'mig' \(.*mig.py\) .* whose 'information' is one, got ndarray"):
        read_score(job, found, "information")
