"""Interventional consistency (IC): its grid of models, trained and measured, and graphs that are known."""

from latentassay.papers.consistency.pictures import pictures
from latentassay.papers.consistency.scm import table as graphs
from latentassay.papers.consistency.table import table

__all__ = ["graphs", "pictures", "table"]
