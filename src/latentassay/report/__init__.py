"""Sections of an assay as figures and as one self-contained HTML file."""

from latentassay.report.html import figures, render

__all__ = ["figures", "render"]
