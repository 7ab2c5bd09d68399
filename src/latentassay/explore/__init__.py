"""The explorer: one HTML file with a model inside, moved by sliders, clicks and walks; it needs no server.

Networks are traced to a small graph that ``js/`` runs in the browser. Nothing here judges: states, variables and holes
are those of an assay.
"""

from latentassay.explore.explorer import explore

__all__ = ["explore"]
