"""Structure by architecture (SA): disentanglement, quality of samples, hierarchy and extrapolation on 3D Shapes."""

from latentassay.experiments.structure.pictures import pictures
from latentassay.experiments.structure.table import table

__all__ = ["pictures", "table"]
