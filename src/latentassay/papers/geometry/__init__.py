"""GEO on digits: what the bound, its order and the number of latents do to the shape of a latent space."""

from latentassay.papers.geometry.pictures import pictures
from latentassay.papers.geometry.table import table

__all__ = ["pictures", "table"]
