"""Arrays in, matplotlib out: every function draws on ``ax`` (or ``axes``), or on a figure of its own.

Matplotlib is imported when the first of them is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentassay.plots.consistency import self_consistency_bars, traversal_errors
    from latentassay.plots.distributions import error_histogram, response_distances, unit_bars
    from latentassay.plots.field import field_arrows, field_maps
    from latentassay.plots.graph import response_graph
    from latentassay.plots.hybrids import double_intervention, hybridisation
    from latentassay.plots.images import reconstruction_pairs, strips, traversals
    from latentassay.plots.invariance import adjacency, equivariance_matrix, invariance_matrix
    from latentassay.plots.matrices import factor_maps, full_matrix, information_map, response_matrix
    from latentassay.plots.paths import path_map, path_strips
    from latentassay.plots.scores import score_dots
    from latentassay.plots.spatial import (
        channel_maps,
        channel_relations,
        channel_scales,
        kernel_maps,
        move_bars,
        place_maps,
        spectra,
    )

_MODULES = {
    "consistency": ("self_consistency_bars", "traversal_errors"),
    "distributions": ("error_histogram", "response_distances", "unit_bars"),
    "field": ("field_arrows", "field_maps"),
    "graph": ("response_graph",),
    "hybrids": ("double_intervention", "hybridisation"),
    "images": ("reconstruction_pairs", "strips", "traversals"),
    "invariance": ("adjacency", "equivariance_matrix", "invariance_matrix"),
    "matrices": ("factor_maps", "full_matrix", "information_map", "response_matrix"),
    "paths": ("path_map", "path_strips"),
    "scores": ("score_dots",),
    "spatial": (
        "channel_maps",
        "channel_relations",
        "channel_scales",
        "kernel_maps",
        "move_bars",
        "place_maps",
        "spectra",
    ),
}
"""File → what it draws."""

__all__ = [
    "adjacency",
    "channel_maps",
    "channel_relations",
    "channel_scales",
    "double_intervention",
    "equivariance_matrix",
    "error_histogram",
    "factor_maps",
    "field_arrows",
    "field_maps",
    "full_matrix",
    "hybridisation",
    "information_map",
    "invariance_matrix",
    "kernel_maps",
    "move_bars",
    "path_map",
    "path_strips",
    "place_maps",
    "reconstruction_pairs",
    "response_distances",
    "response_graph",
    "response_matrix",
    "score_dots",
    "self_consistency_bars",
    "spectra",
    "strips",
    "traversal_errors",
    "traversals",
    "unit_bars",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
