"""The table of what every metric promises, made from the files of the metrics."""

from typing import NamedTuple

import numpy as np

from latentassay.metrics.catalog import known_metrics
from latentassay.metrics.laws import Laws, SampleLaws
from latentassay.metrics.metric import Metric

SIZES = (4, 3, 2)
ROWS = 480
GRID = np.tile(np.indices(SIZES).reshape(3, -1).T, (ROWS // 24, 1))


class Case(NamedTuple):
    """One metric, or one variant or score of it, and its laws."""

    metric: Metric
    laws: Laws | SampleLaws

    def result(self, a, b, **options):
        """What the metric finds: of codes and factors, or of two samples."""
        return self.metric(a, b, **{**getattr(self.laws, "options", {}), **options})

    def score(self, a, b, **options):
        return self.read(self.result(a, b, **options))

    def read(self, result):
        """The score in a result, or the number that it is."""
        return getattr(result, self.laws.field, result)

    @property
    def family(self):
        """Cases that are scores of one result."""
        return self.metric.name, *sorted(map(str, self.laws.options.items()))


def table(kind):
    """Laws of one kind by name, in the order of the metrics."""
    cases = [Case(metric, laws) for metric in known_metrics().values() for laws in metric.laws]
    return {name_of(case): case for case in cases if isinstance(case.laws, kind)}


def name_of(case):
    if isinstance(case.laws, SampleLaws):
        return f"{case.metric.name}, {case.laws.field}" if len(case.metric.laws) > 1 else case.metric.name
    return f"{case.metric.name}, {case.laws.variant}" if case.laws.variant else case.metric.name


LAWS, SAMPLE_LAWS = table(Laws), table(SampleLaws)
