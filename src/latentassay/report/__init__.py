"""Sections of an assay as figures and as one self-contained HTML file."""

from latentassay.report.html import render
from latentassay.report.sheets import figures

__all__ = ["figures", "render"]
