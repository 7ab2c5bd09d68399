"""The papers' tables and figures made again: every number beside the paper's, with its seeds and its scale."""

from latentassay.papers.results import Cell, Table

__all__ = ["Cell", "Table"]
