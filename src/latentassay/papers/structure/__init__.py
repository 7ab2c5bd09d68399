"""Structure by architecture (SA): disentanglement, quality of samples, hierarchy and extrapolation on 3D Shapes."""

from latentassay.papers.structure.pictures import pictures
from latentassay.papers.structure.table import table

__all__ = ["pictures", "table"]
