"""Scores of codes against factors: pure functions from arrays to numbers with their evidence."""

from latentassay.metrics.mig import MIG, mig
from latentassay.metrics.reconstruction import Reconstruction, reconstruction

__all__ = ["MIG", "Reconstruction", "mig", "reconstruction"]
