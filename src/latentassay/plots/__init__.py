"""Pictures of latent spaces: pure functions from arrays to matplotlib.

Every function takes arrays (NumPy, or whatever ``np.asarray`` takes), draws on the axes it is given by ``ax=`` or
``axes=``, or on those of a new figure, and returns what it drew on. Figures of its own belong to no window and no
pyplot state. ``docs/plots.md`` shows each. What computes anything lives elsewhere, and so do pages.

Matplotlib is imported when the first of them is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentassay.plots.calibration import code_use, error_shares, noise_costs, quantile_lines
    from latentassay.plots.consistency import self_consistency_bars, traversal_errors
    from latentassay.plots.distributions import error_histogram, response_distances, unit_bars
    from latentassay.plots.field import field_arrows, field_maps
    from latentassay.plots.geometry import half_plane, volume_map, ways
    from latentassay.plots.graph import response_graph
    from latentassay.plots.hierarchy import hierarchy_panels
    from latentassay.plots.hybrids import double_intervention, hybridisation
    from latentassay.plots.images import reconstruction_pairs, strips, traversals
    from latentassay.plots.invariance import adjacency, equivariance_matrix, invariance_matrix
    from latentassay.plots.ledger import unit_ledger
    from latentassay.plots.matrices import (
        factor_maps,
        full_matrix,
        information_map,
        principal_directions,
        response_matrix,
    )
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
    "calibration": ("code_use", "error_shares", "noise_costs", "quantile_lines"),
    "consistency": ("self_consistency_bars", "traversal_errors"),
    "distributions": ("error_histogram", "response_distances", "unit_bars"),
    "field": ("field_arrows", "field_maps"),
    "geometry": ("half_plane", "volume_map", "ways"),
    "graph": ("response_graph",),
    "hierarchy": ("hierarchy_panels",),
    "hybrids": ("double_intervention", "hybridisation"),
    "images": ("reconstruction_pairs", "strips", "traversals"),
    "invariance": ("adjacency", "equivariance_matrix", "invariance_matrix"),
    "ledger": ("unit_ledger",),
    "matrices": ("factor_maps", "full_matrix", "information_map", "principal_directions", "response_matrix"),
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
    "code_use",
    "double_intervention",
    "equivariance_matrix",
    "error_histogram",
    "error_shares",
    "factor_maps",
    "field_arrows",
    "field_maps",
    "full_matrix",
    "half_plane",
    "hierarchy_panels",
    "hybridisation",
    "information_map",
    "invariance_matrix",
    "kernel_maps",
    "move_bars",
    "noise_costs",
    "path_map",
    "path_strips",
    "place_maps",
    "principal_directions",
    "quantile_lines",
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
    "unit_ledger",
    "volume_map",
    "ways",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
