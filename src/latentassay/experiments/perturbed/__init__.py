"""Chapter 4 of "VAEs and principal components": small changes of a data set that VAEs get lost in."""

from latentassay.experiments.perturbed.pictures import pictures
from latentassay.experiments.perturbed.table import table

__all__ = ["pictures", "table"]
