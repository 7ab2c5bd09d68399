"""Scores of codes against factors, and of samples against data: pure functions from arrays to numbers with evidence."""

from latentassay.metrics.active import ActiveUnits, active_units
from latentassay.metrics.betavae import BetaVAE, beta_vae
from latentassay.metrics.dci import DCI, dci
from latentassay.metrics.dependence import (
    GaussianInformation,
    TotalCorrelation,
    gaussian_information,
    total_correlation,
)
from latentassay.metrics.explicitness import Explicitness, explicitness
from latentassay.metrics.factorvae import FactorVAE, factor_vae
from latentassay.metrics.frechet import Frechet, frechet_distance
from latentassay.metrics.independence import Independence, independence
from latentassay.metrics.irs import IRS, irs
from latentassay.metrics.kernel import KernelDistance, kernel_distance
from latentassay.metrics.mig import MIG, dcimig, mig
from latentassay.metrics.modularity import Modularity, modularity
from latentassay.metrics.neighbours import PrecisionRecall, precision_recall
from latentassay.metrics.panel import METRICS, Panel, joined, score
from latentassay.metrics.polarized import PolarizedRegime, polarized_regime, polarized_share
from latentassay.metrics.probe import Probe, linear_probe
from latentassay.metrics.quality import Quality, quality
from latentassay.metrics.reconstruction import Reconstruction, reconstruction
from latentassay.metrics.sap import SAP, sap
from latentassay.metrics.separation import Separation, separation
from latentassay.metrics.separation import separation as disentanglement_score
from latentassay.metrics.streaming import Streaming
from latentassay.metrics.table import Table, encoded
from latentassay.metrics.udr import UDR, udr

__all__ = [
    "DCI",
    "IRS",
    "METRICS",
    "MIG",
    "SAP",
    "UDR",
    "ActiveUnits",
    "BetaVAE",
    "Explicitness",
    "FactorVAE",
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
    "encoded",
    "explicitness",
    "factor_vae",
    "frechet_distance",
    "gaussian_information",
    "independence",
    "irs",
    "joined",
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
