"""Data sets with known factors: rendered here, read from official files, or the user's own."""

from latentassay.data.factors import FactorData, Layout, Splits, Store

__all__ = ["FactorData", "Layout", "Splits", "Store"]
