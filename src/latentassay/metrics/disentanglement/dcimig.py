"""Gap of mutual information by units (Sepliarskaia et al. 2019, "How to Not Measure Disentanglement")."""

from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Generator

from latentassay.core.randomness import as_seed
from latentassay.metrics.disentanglement.mig import MIG, bin_units, measure_gaps
from latentassay.metrics.laws import EDGES, Laws, Near
from latentassay.metrics.metric import metric
from latentassay.stats.information import Binning

LAWS = Laws(perfect=Near(1, 1e-9), chance=Near(0, 0.03), negated=EDGES, refuses=("one unit",))


@metric(
    label="MIG by units (DCIMIG)",
    formula="gap between a unit's two best factors",
    source="Sepliarskaia et al. 2019",
    needs="factors",
    takes_units=True,
    variants=({"binning": "width"},),
    laws=LAWS,
    order=20,
)
def dcimig(
    codes: Any,
    factors: Any,
    *,
    bins: int = 20,
    binning: Binning = "quantile",
    units: Any = None,
    resamples: int = 0,
    generator: Generator | int = 0,
) -> MIG:
    """Measure the gap by units: ``Σ_m max_j gap_j / Σ_m H(f_m)`` over the units j that know most about factor m.

    A unit's gap is what it knows about its best factor beyond what it knows about its second. A unit that mixes two
    factors is charged here, and copies are not; with MIG it is the other way round. Arguments and errors as for
    ``mig``; a single factor has no second, and its gap is all that is known.

    Source: Sepliarskaia et al. 2019, "How to Not Measure Disentanglement", section 4.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(dcimig(np.hstack([factors, factors]).astype(float), factors).score, 3)
    1.0
    """
    table = bin_units(codes, factors, bins, binning, units)
    found = measure_gaps(table, _gaps_of_units, np.asarray, resamples, as_seed(generator))
    return found._replace(variant=f"{table.bins}, sum of gaps divided by sum of factor entropies")


def _gaps_of_units(information: Float[np.ndarray, "m u"]) -> Float[np.ndarray, " m"]:
    best = information.argmax(0)
    ordered = np.sort(np.vstack([np.zeros(information.shape[1]), information]), axis=0)
    gaps = np.zeros(len(information))
    np.maximum.at(gaps, best, ordered[-1] - ordered[-2])
    return gaps
