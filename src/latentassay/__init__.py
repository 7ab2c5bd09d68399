"""latentassay: point it at an autoencoder and read what its latent space is like."""

from importlib import import_module
from typing import Any

from latentassay import data, features, geometry, metrics, models, objectives, sampling, spatial, training
from latentassay._version import __version__
from latentassay.adapters import (
    from_diffusers,
    from_monai,
    from_onnx,
    from_pythae,
    from_scvi,
    from_sklearn,
    from_torch,
    wrap,
)
from latentassay.assay import Assay, assay
from latentassay.core.autoencoder import Autoencoder, Decoder, Encoder
from latentassay.core.contract import check_autoencoder
from latentassay.core.errors import (
    CheckpointError,
    ContractError,
    FileError,
    InputError,
    LatentAssayError,
    TrainingError,
)
from latentassay.core.findings import Finding, Score
from latentassay.core.posteriors import DiagonalGaussian, FullCovarianceGaussian, Point, Posterior, StandardNormal
from latentassay.core.units import Units
from latentassay.evaluation.extrapolation import extrapolate
from latentassay.evaluation.fidelity import fidelity
from latentassay.evaluation.likelihood import log_likelihood
from latentassay.evaluation.separability import linear_separability
from latentassay.evaluation.suggest_beta import suggest_beta
from latentassay.geometry import distance_to_orthogonality, fisher_rao_distance, fisher_rao_geodesic, interpolate
from latentassay.metrics import score
from latentassay.responses import (
    causal_completeness,
    causal_disentanglement,
    causal_units,
    chunk_hybrids,
    conditioned_response_matrix,
    divergence,
    equivariance,
    find_holes,
    hierarchy,
    invariance,
    manifold_path,
    mean_curvature,
    respond,
    response_divergence,
    response_field,
    response_graph,
    response_jacobian,
    response_matrix,
    self_consistency,
    structure_score,
    traversals,
)
from latentassay.spatial import latent_spectrum, spatial_equivariance, spatial_response_kernel
from latentassay.training import Run, fit, load_run

__all__ = [
    "Assay",
    "Autoencoder",
    "CheckpointError",
    "ContractError",
    "Decoder",
    "DiagonalGaussian",
    "Encoder",
    "FileError",
    "Finding",
    "FullCovarianceGaussian",
    "InputError",
    "LatentAssayError",
    "Point",
    "Posterior",
    "Run",
    "Score",
    "StandardNormal",
    "TrainingError",
    "Units",
    "__version__",
    "assay",
    "causal_completeness",
    "causal_disentanglement",
    "causal_units",
    "check_autoencoder",
    "chunk_hybrids",
    "conditioned_response_matrix",
    "data",
    "distance_to_orthogonality",
    "divergence",
    "equivariance",
    "extrapolate",
    "features",
    "fidelity",
    "find_holes",
    "fisher_rao_distance",
    "fisher_rao_geodesic",
    "fit",
    "from_diffusers",
    "from_monai",
    "from_onnx",
    "from_pythae",
    "from_scvi",
    "from_sklearn",
    "from_torch",
    "geometry",
    "hierarchy",
    "interpolate",
    "invariance",
    "latent_spectrum",
    "linear_separability",
    "load_run",
    "log_likelihood",
    "manifold_path",
    "mean_curvature",
    "metrics",
    "models",
    "objectives",
    "respond",
    "response_divergence",
    "response_field",
    "response_graph",
    "response_jacobian",
    "response_matrix",
    "sampling",
    "score",
    "self_consistency",
    "spatial",
    "spatial_equivariance",
    "spatial_response_kernel",
    "structure_score",
    "suggest_beta",
    "training",
    "traversals",
    "wrap",
]

_PERTURBATION = ("perturb", "uniform_noise")


def __getattr__(name: str) -> Any:
    """Import perturbations when they are asked for: they bring pydantic, which nothing else here needs at once."""
    if name not in ("perturbation", *_PERTURBATION):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module("latentassay.perturbation")
    return getattr(module, name) if name in _PERTURBATION else module
