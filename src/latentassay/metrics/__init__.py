"""Scores of codes against factors, and of samples against data: pure functions from arrays to numbers with evidence."""

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
from latentassay.metrics.panel import METRICS, Panel, join_panels, score
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
    "Modularity",
    "Panel",
    "PolarizedRegime",
    "PrecisionRecall",
    "Probe",
    "Quality",
    "Reconstruction",
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
