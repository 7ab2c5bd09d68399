"""Scores of codes against factors, and of samples against data: pure functions from arrays to numbers with evidence.

A metric is one file in ``disentanglement`` or ``quality``: a decorated function with its laws. ``METRICS`` and
all other lists of metrics are made from those files. What several metrics share stays in this folder.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from latentassay.metrics.catalog import known_metrics, panel_metrics
from latentassay.metrics.disentanglement.active import ActiveUnits, active_units
from latentassay.metrics.disentanglement.betavae import BetaVAEScore, beta_vae
from latentassay.metrics.disentanglement.dci import DCI, dci
from latentassay.metrics.disentanglement.dcimig import dcimig
from latentassay.metrics.disentanglement.explicitness import Explicitness, explicitness
from latentassay.metrics.disentanglement.factorvae import FactorVAEScore, factor_vae
from latentassay.metrics.disentanglement.gaussian_information import GaussianInformation, gaussian_information
from latentassay.metrics.disentanglement.independence import Independence, independence
from latentassay.metrics.disentanglement.irs import IRS, irs
from latentassay.metrics.disentanglement.mig import MIG, mig
from latentassay.metrics.disentanglement.modularity import Modularity, modularity
from latentassay.metrics.disentanglement.polarized import PolarizedRegime, polarized_regime, polarized_share
from latentassay.metrics.disentanglement.probe import Probe, linear_probe
from latentassay.metrics.disentanglement.sap import SAP, sap
from latentassay.metrics.disentanglement.separation import Separation, separation
from latentassay.metrics.disentanglement.separation import separation as disentanglement_score
from latentassay.metrics.disentanglement.total_correlation import TotalCorrelation, total_correlation
from latentassay.metrics.disentanglement.udr import UDR, udr
from latentassay.metrics.laws import Laws, Near, SampleLaws
from latentassay.metrics.metric import Metric, ScoreOf, metric
from latentassay.metrics.panel import Panel, join_panels, score
from latentassay.metrics.quality.frechet import Frechet, frechet_distance
from latentassay.metrics.quality.kernel import KernelDistance, kernel_distance
from latentassay.metrics.quality.neighbours import PrecisionRecall, precision_recall
from latentassay.metrics.quality.quality import Quality, quality
from latentassay.metrics.quality.reconstruction import Reconstruction, reconstruction
from latentassay.metrics.streaming import Streaming
from latentassay.metrics.table import Table, encode_table

__all__ = [
    "DCI",
    "IRS",
    "METRICS",
    "MIG",
    "SAP",
    "UDR",
    "ActiveUnits",
    "BetaVAEScore",
    "Explicitness",
    "FactorVAEScore",
    "Frechet",
    "GaussianInformation",
    "Independence",
    "KernelDistance",
    "Laws",
    "Metric",
    "Modularity",
    "Near",
    "Panel",
    "PolarizedRegime",
    "PrecisionRecall",
    "Probe",
    "Quality",
    "Reconstruction",
    "SampleLaws",
    "ScoreOf",
    "Separation",
    "Streaming",
    "Table",
    "TotalCorrelation",
    "active_units",
    "beta_vae",
    "dci",
    "dcimig",
    "disentanglement_score",
    "encode_table",
    "explicitness",
    "factor_vae",
    "frechet_distance",
    "gaussian_information",
    "independence",
    "irs",
    "join_panels",
    "kernel_distance",
    "linear_probe",
    "metric",
    "mig",
    "modularity",
    "polarized_regime",
    "polarized_share",
    "precision_recall",
    "quality",
    "reconstruction",
    "sap",
    "score",
    "separation",
    "total_correlation",
    "udr",
]

if TYPE_CHECKING:  # which one a type checker sees; the other would let every misspelt name pass
    METRICS: Mapping[str, Metric]
    """Every metric of the panel by name, in the order of its table."""

else:

    def __getattr__(name: str) -> Any:
        """Find a metric whose file is in one of the folders, though no line above names it."""
        if name == "METRICS":
            return panel_metrics()
        if not name.startswith("_"):
            for metric in known_metrics().values():
                if metric.function.__name__ == name:
                    return metric.function
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Name what is imported above, and every metric besides."""
        return sorted({*globals(), "METRICS", *(metric.function.__name__ for metric in known_metrics().values())})
