"""latentassay: point it at an autoencoder and read what its latent space is like.

``import latentassay as la`` imports nothing else: every name below is imported when it is first used, so that a program
that needs one question does not wait for all of them, and ``latentassay --help`` does not wait for torch.
"""

import sys
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any

from latentassay._version import __version__

# A public name stands in three places, because each has its own reader: the imports are for type checkers and editors,
# ``__all__`` for ``import *`` and documentation, ``_NAMES`` for Python. ``tests/test_init.py`` compares them.
if TYPE_CHECKING:
    from latentassay import adapters as adapters
    from latentassay import core as core
    from latentassay import (
        data,
        features,
        geometry,
        metrics,
        models,
        objectives,
        perturbation,
        plots,
        sampling,
        spatial,
        training,
    )
    from latentassay import evaluation as evaluation
    from latentassay import nn as nn
    from latentassay import report as report
    from latentassay import responses as responses
    from latentassay import stats as stats
    from latentassay.adapters import wrap
    from latentassay.adapters.diffusers import from_diffusers as from_diffusers
    from latentassay.adapters.monai import from_monai as from_monai
    from latentassay.adapters.onnx import from_onnx as from_onnx
    from latentassay.adapters.pythae import from_pythae as from_pythae
    from latentassay.adapters.scvi import from_scvi as from_scvi
    from latentassay.adapters.sklearn import from_sklearn as from_sklearn
    from latentassay.adapters.torch import from_torch as from_torch
    from latentassay.assay import Assay, AssayInterrupted, Judgement, Question, assay
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
    from latentassay.core.estimate import Estimate
    from latentassay.core.findings import Finding, Picture, Score
    from latentassay.core.posteriors import DiagonalGaussian, FullCovarianceGaussian, Point, Posterior, StandardNormal
    from latentassay.core.units import Units
    from latentassay.evaluation.extrapolation import extrapolate
    from latentassay.evaluation.fidelity import fidelity
    from latentassay.evaluation.likelihood import log_likelihood
    from latentassay.evaluation.separability import linear_separability
    from latentassay.evaluation.suggest_beta import suggest_beta
    from latentassay.explore import explore
    from latentassay.geometry import distance_to_orthogonality, fisher_rao_distance, fisher_rao_geodesic, interpolate
    from latentassay.metrics import score
    from latentassay.monitor import Monitor, MonitorWarning
    from latentassay.perturbation import perturb, uniform_noise
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
    "AssayInterrupted",
    "Autoencoder",
    "CheckpointError",
    "ContractError",
    "Decoder",
    "DiagonalGaussian",
    "Encoder",
    "Estimate",
    "FileError",
    "Finding",
    "FullCovarianceGaussian",
    "InputError",
    "Judgement",
    "LatentAssayError",
    "Monitor",
    "MonitorWarning",
    "Picture",
    "Point",
    "Posterior",
    "Question",
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
    "explore",
    "extrapolate",
    "features",
    "fidelity",
    "find_holes",
    "fisher_rao_distance",
    "fisher_rao_geodesic",
    "fit",
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
    "perturb",
    "perturbation",
    "plots",
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
    "uniform_noise",
    "wrap",
]

_NAMES: dict[str, str] = {
    name: module
    for module, names in {
        "": """
            adapters core data evaluation features geometry metrics models nn objectives perturbation
            plots report responses sampling spatial stats training
        """,
        "adapters": "wrap",
        "assay": "Assay AssayInterrupted Judgement Question assay",
        "core.autoencoder": "Autoencoder Decoder Encoder",
        "core.contract": "check_autoencoder",
        "core.errors": "CheckpointError ContractError FileError InputError LatentAssayError TrainingError",
        "core.estimate": "Estimate",
        "core.findings": "Finding Picture Score",
        "core.posteriors": "DiagonalGaussian FullCovarianceGaussian Point Posterior StandardNormal",
        "core.units": "Units",
        "evaluation.extrapolation": "extrapolate",
        "evaluation.fidelity": "fidelity",
        "evaluation.likelihood": "log_likelihood",
        "evaluation.separability": "linear_separability",
        "evaluation.suggest_beta": "suggest_beta",
        "explore": "explore",
        "geometry": "distance_to_orthogonality fisher_rao_distance fisher_rao_geodesic interpolate",
        "metrics": "score",
        "monitor": "Monitor MonitorWarning",
        "perturbation": "perturb uniform_noise",
        "responses": """
            causal_completeness causal_disentanglement causal_units chunk_hybrids
            conditioned_response_matrix divergence equivariance find_holes hierarchy invariance
            manifold_path mean_curvature respond response_divergence response_field response_graph
            response_jacobian response_matrix self_consistency structure_score traversals
        """,
        "spatial": "latent_spectrum spatial_equivariance spatial_response_kernel",
        "training": "Run fit load_run",
    }.items()
    for name in names.split()
}
"""The module that each name is from; modules of this folder are from "" themselves."""

# Every public file in adapters/ is an adapter and brings its from_…; the imports above repeat them for type checkers.
_NAMES |= {f"from_{name}": "adapters" for _, name, _ in iter_modules([f"{__path__[0]}/adapters"]) if name[0] != "_"}
__all__ += sorted(name for name in _NAMES if name.startswith("from_"))


class _Package(ModuleType):
    """This module, which keeps ``la.assay`` the function: Python binds every folder imported as its attribute here."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (_NAMES.get(name) and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


if not TYPE_CHECKING:  # a type checker that sees it would let every misspelt name pass

    def __getattr__(name: str) -> Any:
        """Import a public name where it is used first; packages outside may bring a ``from_…``, too."""
        module = _NAMES.get(name, "adapters" if name.startswith("from_") else None)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{module}"), name) if module else import_module(f"{__name__}.{name}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Name what is public, imported or not."""
        return sorted({*globals(), *_NAMES})

    sys.modules[__name__].__class__ = _Package
