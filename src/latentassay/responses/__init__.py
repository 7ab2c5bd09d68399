"""Latent responses: intervene in a latent space, decode, encode again, and look."""

from latentassay.responses.conditioned import (
    CausalScore,
    ConditionedMatrix,
    causal_completeness,
    causal_disentanglement,
    conditioned_response_matrix,
)
from latentassay.responses.field import ResponseField, divergence, mean_curvature, response_field
from latentassay.responses.graph import ResponseGraph, response_graph
from latentassay.responses.holes import Holes, HoleShare, find_holes
from latentassay.responses.matrix import CausalUnits, ResponseMatrix, causal_units, response_matrix
from latentassay.responses.response import respond
from latentassay.responses.structure import StructureScore, structure_score

__all__ = [
    "CausalScore",
    "CausalUnits",
    "ConditionedMatrix",
    "HoleShare",
    "Holes",
    "ResponseField",
    "ResponseGraph",
    "ResponseMatrix",
    "StructureScore",
    "causal_completeness",
    "causal_disentanglement",
    "causal_units",
    "conditioned_response_matrix",
    "divergence",
    "find_holes",
    "mean_curvature",
    "respond",
    "response_field",
    "response_graph",
    "response_matrix",
    "structure_score",
]
