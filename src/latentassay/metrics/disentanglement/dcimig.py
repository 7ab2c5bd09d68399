"""Gap of mutual information by units (Sepliarskaia et al. 2019, "How to Not Measure Disentanglement")."""

from typing import Any

import numpy as np
from jaxtyping import Float

from latentassay.metrics.disentanglement.information_gaps import GapKind, bin_units, measure_gaps
from latentassay.metrics.disentanglement.mig import MIG, mig_of
from latentassay.metrics.halves import wants_interval
from latentassay.metrics.laws import EDGES, Laws, Near
from latentassay.metrics.metric import metric
from latentassay.stats.information import Bias, Binning

LAWS = Laws(perfect=Near(1, 1e-9), chance=Near(0, 0.03), negated=EDGES, refuses=("one unit",))


@metric(
    label="MIG by units (DCIMIG)",
    formula="gap between a unit's two best factors",
    source="Sepliarskaia et al. 2019",
    needs="factors",
    takes_units=True,
    variants=({"bias": "kept"}, {"binning": "width"}),
    laws=LAWS,
    order=20,
)
def dcimig(
    codes: Any,
    factors: Any,
    *,
    bins: int = 20,
    binning: Binning = "quantile",
    bias: Bias = "removed",
    units: Any = None,
    resamples: int = 0,
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
    kind = GapKind(_gaps_of_units, np.asarray)
    found = measure_gaps(table, kind, bias=bias, interval=wants_interval(resamples))
    return mig_of(found, len(table.codes), f"{found.variant}, sum of gaps divided by sum of factor entropies")


def _gaps_of_units(information: Float[np.ndarray, "*rows m u"]) -> Float[np.ndarray, "*rows m"]:
    best = information.argmax(-2)
    ordered = np.sort(np.concatenate([np.zeros_like(information[..., :1, :]), information], -2), axis=-2)
    gaps = ordered[..., -1, :] - ordered[..., -2, :]
    own = np.arange(information.shape[-2])[:, None] == best[..., None, :]
    largest: Float[np.ndarray, "*rows m"] = np.where(own, gaps[..., None, :], 0.0).max(-1)
    return largest
