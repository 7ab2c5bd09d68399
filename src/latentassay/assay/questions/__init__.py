"""Every question of an assay, one file each: the order of the report, and nothing else."""

ORDER = (
    "reconstruction",
    "input_checks",
    "units",
    "channels",
    "reach",
    "activity",
    "places",
    "transform_equivariance",
    "spectrum",
    "posterior",
    "responses",
    "graph",
    "invariance",
    "self_consistency",
    "independence",
    "traversal_errors",
    "hybrids",
    "causes",
    "traversals",
    "field",
    "paths",
    "structure",
    "holes",
    "factors",
)
"""Files of this folder; each holds its ``QUESTION``."""
