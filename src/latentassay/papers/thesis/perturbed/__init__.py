"""Chapter 4 of "VAEs and principal components": small changes of a data set that VAEs get lost in."""

from latentassay.papers.thesis.perturbed.pictures import pictures
from latentassay.papers.thesis.perturbed.table import table

__all__ = ["pictures", "table"]
