"""Scores of codes against factors: pure functions from arrays to numbers with their evidence."""

from latentassay.metrics.dci import DCI, dci
from latentassay.metrics.irs import IRS, irs
from latentassay.metrics.mig import MIG, mig
from latentassay.metrics.reconstruction import Reconstruction, reconstruction

__all__ = ["DCI", "IRS", "MIG", "Reconstruction", "dci", "irs", "mig", "reconstruction"]
