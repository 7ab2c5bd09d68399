"""Extrapolation (SA 3.2, A.3.3): which half of an autoencoder takes up what it has never seen."""

from latentassay.papers.structure.extrapolation.pictures import pictures
from latentassay.papers.structure.extrapolation.table import table

__all__ = ["pictures", "table"]
