"""Chapter 3 of "VAEs and principal components": whether decoders keep to their axes, and what that does for factors."""

from latentassay.papers.thesis.components.pictures import pictures
from latentassay.papers.thesis.components.table import table

__all__ = ["pictures", "table"]
