"""The papers' tables and figures made again: every number beside the paper's, with its seeds and its scale.

A folder a paper. A table is one file there, whose ``EXPERIMENT`` the command line finds (``catalog``). Beside it stand
what its tables share: configurations (which models are trained, on what, for how long), scores (what is measured of
them) and drawings. What papers share stands here: runs that are kept, processes, grids of models, results and pages.
Only the command line imports any of it.
"""
