"""Latent responses: what interventions in a latent space change when it is decoded and encoded again.

Everything here takes a model and latents, and measures single units or the latent space. How good a model is as a whole
belongs to ``evaluation``, what needs places to ``spatial``, and what needs the decoder's metric to ``geometry``.
"""

from latentassay.responses.chunks import ChunkHybrids, chunk_hybrids
from latentassay.responses.conditioned import (
    CausalScore,
    ConditionedMatrix,
    causal_completeness,
    causal_disentanglement,
    conditioned_response_matrix,
    reaverage,
)
from latentassay.responses.consistency import Invariance, SelfConsistency, invariance, self_consistency
from latentassay.responses.derivatives import ResponseDivergence, response_divergence, response_jacobian
from latentassay.responses.equivariance import EquivarianceScore, equivariance
from latentassay.responses.field import ResponseField, divergence, mean_curvature, response_field
from latentassay.responses.graph import ResponseGraph, response_graph
from latentassay.responses.hierarchy import Hierarchy, hierarchy
from latentassay.responses.holes import Holes, HoleShare, find_holes
from latentassay.responses.matrix import CausalUnits, ResponseMatrix, causal_units, response_matrix
from latentassay.responses.paths import Curve, ManifoldPath, manifold_path
from latentassay.responses.response import respond
from latentassay.responses.response_error import ResponseError, response_error
from latentassay.responses.structure import StructureScore, structure_score
from latentassay.responses.traversals import Traversals, traversals

__all__ = [
    "CausalScore",
    "CausalUnits",
    "ChunkHybrids",
    "ConditionedMatrix",
    "Curve",
    "EquivarianceScore",
    "Hierarchy",
    "HoleShare",
    "Holes",
    "Invariance",
    "ManifoldPath",
    "ResponseDivergence",
    "ResponseError",
    "ResponseField",
    "ResponseGraph",
    "ResponseMatrix",
    "SelfConsistency",
    "StructureScore",
    "Traversals",
    "causal_completeness",
    "causal_disentanglement",
    "causal_units",
    "chunk_hybrids",
    "conditioned_response_matrix",
    "divergence",
    "equivariance",
    "find_holes",
    "hierarchy",
    "invariance",
    "manifold_path",
    "mean_curvature",
    "reaverage",
    "respond",
    "response_divergence",
    "response_error",
    "response_field",
    "response_graph",
    "response_jacobian",
    "response_matrix",
    "self_consistency",
    "structure_score",
    "traversals",
]
