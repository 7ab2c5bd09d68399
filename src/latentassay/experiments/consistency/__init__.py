"""Interventional consistency (IC): its grid of models, trained and measured, and graphs that are known."""

from latentassay.experiments.consistency.pictures import pictures
from latentassay.experiments.consistency.scm import table as graphs
from latentassay.experiments.consistency.table import table

__all__ = ["graphs", "pictures", "table"]
