"""A valid call of every public function that is asked: its name → what makes its arguments, new at every call."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

import latentassay as la
from latentassay.faults.models import OBSERVED, PICTURE, SPATIAL, UNITS, picture_model, vector_model
from latentassay.faults.more_arguments import MORE
from latentassay.faults.plot_arguments import PLOTS

Arguments = dict[str, Any]
Row = Callable[[], Arguments]

ROWS, CODES, FEW = 160, 64, 24
"""Rows that models are asked about, more than pass at once; rows of codes for metrics; rows for large models."""


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Return standard normal numbers."""
    return torch.randn(shape, generator=Generator().manual_seed(seed))


def uniform(*shape: int, seed: int = 0) -> Tensor:
    """Return numbers in [0, 1)."""
    return torch.rand(shape, generator=Generator().manual_seed(seed))


def factors() -> Tensor:
    """Return three factors of four, four and four values on a full grid."""
    return torch.from_numpy(np.indices((4, 4, 4)).reshape(3, -1).T.copy())


def codes(seed: int = 0) -> Tensor:
    """Return codes of the factors with some noise, and one column of noise."""
    informed = factors().float() + 0.1 * normal(CODES, 3, seed=seed)
    return torch.cat([informed, normal(CODES, 1, seed=seed + 1)], 1)


def factored() -> Any:
    """Return observations with factors."""
    x = uniform(CODES, OBSERVED).numpy()
    return la.data.FactorData(x, factors().numpy())


def _vectors(**more: Any) -> Row:
    return lambda: {"model": vector_model(), "z": normal(ROWS, UNITS), **more}


def _spatial(**more: Any) -> Row:
    return lambda: {"model": picture_model(), "z": normal(ROWS, *SPATIAL), **more}


def _data(**more: Any) -> Row:
    return lambda: {"model": vector_model(), "data": uniform(ROWS, OBSERVED), **more}


def _pictures(**more: Any) -> Row:
    return lambda: {"model": picture_model(), "data": uniform(ROWS, *PICTURE), **more}


def _factors(**more: Any) -> Row:
    return lambda: {"codes": codes(), "factors": factors(), **more}


def _codes(name: str = "codes", **more: Any) -> Row:
    return lambda: {name: codes(), **more}


def _samples(first: str, second: str, **more: Any) -> Row:
    return lambda: {first: normal(CODES, 5), second: normal(CODES, 5, seed=1) + 0.5, **more}


def _gaussians(**more: Any) -> Row:
    return lambda: {
        "a": (normal(3, UNITS), uniform(3, UNITS) + 0.1),
        "b": (normal(3, UNITS, seed=1), uniform(3, UNITS, seed=1) + 0.1),
        **more,
    }


def vector_assay() -> Arguments:
    """Return the arguments of a whole assay of vectors."""
    return {"model": vector_model(), "data": uniform(ROWS, OBSERVED), "samples": ROWS}


def picture_assay() -> Arguments:
    """Return the arguments of a whole assay of pictures with a spatial latent."""
    return {"model": picture_model(), "data": uniform(ROWS, *PICTURE), "samples": ROWS}


def _matrix() -> Any:
    return la.response_matrix(vector_model(), normal(ROWS, UNITS))


def _field() -> Any:
    return la.response_field(vector_model(), (0, 1), n=8)


def _conditioned() -> Any:
    return la.conditioned_response_matrix(vector_model(), factored(), groups_per_factor=4)


def _encoded() -> Any:
    return la.sampling.encode(picture_model(), uniform(ROWS, *PICTURE))


def _effects() -> Any:
    return la.spatial.place_effects(picture_model(), normal(ROWS, *SPATIAL))


def _network(name: str) -> Any:
    return la.models.build(name, x_shape=(1, 28, 28))


def _causal_model() -> Any:
    """Return a model whose causes answer: those of first weights vary by no more than rounding."""
    model, generator = la.models.build("xae-mlp", x_shape=(OBSERVED,), latents=3), Generator().manual_seed(0)
    with torch.no_grad():
        for values in model.parameters():
            values.copy_(torch.randn(values.shape, generator=generator) / max(1, values[0].numel()) ** 0.5)
    return model


def _decoder(**more: Any) -> Row:
    return lambda: {"decode": vector_model().eval().decode, **more}


def _ends(**more: Any) -> Row:
    return lambda: {"a": normal(3, UNITS), "b": normal(3, UNITS, seed=1), **more}


RESPONSES: dict[str, Row] = {
    "respond": _vectors(),
    "response_matrix": _vectors(),
    "response_jacobian": _vectors(),
    "response_divergence": _vectors(),
    "response_field": lambda: {"model": vector_model(), "latents": (0, 1), "base": normal(UNITS), "n": 8},
    "responses.response_error": lambda: {
        "model": vector_model(),
        "latents": (0, 1),
        "base": normal(UNITS),
        "xs": torch.linspace(-1, 1, 6),
        "ys": torch.linspace(-1, 1, 6),
    },
    "response_graph": lambda: {"m": _matrix()},
    "causal_units": lambda: {"m": _matrix()},
    "causal_completeness": lambda: {"c": _conditioned()},
    "causal_disentanglement": lambda: {"c": _conditioned()},
    "responses.reaverage": lambda: {"c": _conditioned(), "average": "roots"},
    "conditioned_response_matrix": lambda: {"model": vector_model(), "data": factored(), "groups_per_factor": 4},
    "divergence": lambda: {"field": _field()},
    "mean_curvature": lambda: {"field": _field()},
    "chunk_hybrids": _vectors(n=4),
    "equivariance": lambda: {"model": _causal_model(), "z": normal(ROWS, 3), "values": 4},
    "invariance": lambda: _vectors(values=4, donors=normal(ROWS, UNITS, seed=1))(),
    "find_holes": _data(n=32),
    "hierarchy": _vectors(),
    "manifold_path": lambda: {
        "model": vector_model(),
        "a": normal(UNITS),
        "b": normal(UNITS, seed=1),
        "latents": (0, 1),
        "points": 8,
        "n": 8,
        "controls": 4,
        "steps": 4,
    },
    "self_consistency": _vectors(),
    "structure_score": lambda: {"model": vector_model(), "n": 16, "base": normal(ROWS, UNITS), "scales": (0.5, 2.0)},
    "traversals": _vectors(steps=3),
    "check_autoencoder": lambda: {"model": vector_model(), "x": uniform(ROWS, OBSERVED)},
    "from_torch": lambda: {
        "encode": vector_model().eval().inwards,
        "decode": vector_model().eval().decode,
        "latent_shape": (UNITS,),
        "output": "mean",
    },
    "wrap": lambda: {"model": vector_model()},
    "assay": _data(samples=ROWS, budget=2.0),
}

GEOMETRY: dict[str, Row] = {
    "distance_to_orthogonality": _data(points=ROWS),
    "fisher_rao_distance": _gaussians(),
    "fisher_rao_geodesic": _gaussians(steps=4),
    "interpolate": lambda: {"model": vector_model(), **_ends(steps=4)()},
    "geometry.decoder_jacobian": _decoder(z=normal(ROWS, UNITS)),
    "geometry.volume_element": _decoder(grid=normal(3, 3, 2) @ torch.eye(2, UNITS)),
    "geometry.pullback_geodesic": lambda: {"decode": vector_model().eval().decode, **_short()},
    "geometry.density_geodesic": lambda: {"codes": normal(CODES, UNITS), **_short()},
    "geometry.embedding_geometry": lambda: {"codes": normal(CODES, 2), "factor": torch.arange(CODES) % 8, "period": 8},
    "geometry.nearest_signed_permutation": lambda: {"v": torch.linalg.qr(normal(UNITS, UNITS))[0]},
    "geometry.noise_floor": lambda: {"jacobians": normal(ROWS, OBSERVED, UNITS)},
    "geometry.nonlinear_eigenfaces": _data(units=2, steps=3, rows=ROWS),
    "geometry.pca_alignment": _data(points=ROWS),
    "geometry.principal_spectrum": _codes(),
    "geometry.slerp": _ends(steps=4),
}


def _short() -> Arguments:
    return _ends(steps=4, controls=3, iterations=4)()


METRICS: dict[str, Row] = {
    "score": _factors(metrics=("mig", "sap")),
    "metrics.active_units": lambda: {"codes": codes(), "std": 0.1 + uniform(CODES, 4)},
    "metrics.beta_vae": _factors(points=64, held_out=32, batch=4),
    "metrics.dci": _factors(),
    "metrics.dcimig": _factors(),
    "metrics.disentanglement_score": _factors(),
    "metrics.encode_table": lambda: {"model": vector_model(), "data": factored(), "n": ROWS},
    "metrics.explicitness": _factors(),
    "metrics.factor_vae": _factors(votes=64, held_out=32, batch=4),
    "metrics.frechet_distance": _samples("a", "b"),
    "metrics.gaussian_information": _codes(),
    "metrics.independence": _codes("z", permutations=10),
    "metrics.irs": _factors(),
    "metrics.kernel_distance": _samples("a", "b"),
    "metrics.linear_probe": _factors(),
    "metrics.mig": _factors(),
    "metrics.modularity": _factors(),
    "metrics.polarized_regime": lambda: {"mean": codes(), "std": 0.1 + uniform(CODES, 4)},
    "metrics.precision_recall": _samples("real", "fake"),
    "metrics.quality": _samples("real", "fake"),
    "metrics.reconstruction": lambda: {"x": uniform(ROWS, 1, 16, 16), "decoded": uniform(ROWS, 1, 16, 16, seed=1)},
    "metrics.sap": _factors(),
    "metrics.total_correlation": _codes(),
    "metrics.udr": lambda: {"codes_of_models": [codes(seed) for seed in (0, 5)], "similarity": "spearman"},
}

SAMPLING: dict[str, Row] = {
    "sampling.as_latents": _vectors(),
    "sampling.base_or_central": lambda: {"z": normal(ROWS, UNITS), "base": normal(UNITS)},
    "sampling.central": lambda: {"z": normal(ROWS, UNITS)},
    "sampling.decode": _vectors(),
    "sampling.draw": _data(n=8),
    "sampling.drawn": lambda: {"codes": la.sampling.encode(vector_model(), uniform(ROWS, OBSERVED), generator=0)},
    "sampling.encode": _data(),
    "sampling.hybrid": lambda: {"z": normal(ROWS, UNITS), "n": 8, "base": normal(UNITS)},
    "sampling.hybrid_blocks": lambda: {"z": normal(ROWS, UNITS), "n": 8},
    "sampling.posterior": _data(n=8),
    "sampling.prior": lambda: {"model": vector_model(), "n": 8},
    "sampling.uniform": lambda: {"z": normal(ROWS, UNITS), "n": 8},
}

SPATIAL_ROWS: dict[str, Row] = {
    "spatial.activity_maps": lambda: {"codes": _encoded()},
    "spatial.channel_correlations": lambda: {"mean": normal(ROWS, *SPATIAL)},
    "spatial.channel_effects": _spatial(),
    "spatial.global_places": lambda: {
        "effects": _effects(),
        "log_noise": normal(*SPATIAL[1:]),
        "log_noise_stderr": 0.1 + uniform(*SPATIAL[1:]),
    },
    "spatial.is_spatial": lambda: {"shape": SPATIAL},
    "spatial.place_effects": _spatial(),
    "spatial.twins": lambda: {"values": torch.corrcoef(normal(3, ROWS)), "stderr": 0.1 + uniform(3, 3)},
    "latent_spectrum": _pictures(),
    "spatial_equivariance": _pictures(),
    "spatial_response_kernel": _spatial(radius=1),
}

EVALUATION: dict[str, Row] = {
    "evaluation.aggregate.aggregate_shape": _codes("samples"),
    "evaluation.calibration.posterior_calibration": _data(),
    "evaluation.codebook.codebook_use": lambda: {"indices": torch.arange(CODES).reshape(16, 4) % 8, "size": 8},
    "evaluation.codebook.quantisation_distance": lambda: {
        "codes": normal(16, 4, 3),
        "indices": torch.arange(CODES).reshape(16, 4) % 8,
        "codebook": normal(8, 3, seed=1),
    },
    "evaluation.extrapolation.gap_shares": lambda: {
        "errors": {"neither": 10.0, "encoder": 8.0, "decoder": 2.0, "both": 1.0}
    },
    "evaluation.fidelity.squared_errors": _data(),
    "evaluation.generalisation.generalisation_gap": lambda: {
        "train_error": uniform(ROWS),
        "train_spread": 1 + uniform(ROWS),
        "other_error": 1 + uniform(ROWS, seed=1),
        "other_spread": 1 + uniform(ROWS, seed=1),
    },
    "evaluation.generalisation.shared_rows": lambda: {
        "data": uniform(ROWS, OBSERVED),
        "others": uniform(ROWS, OBSERVED, seed=1),
    },
    "fidelity": _pictures(n=ROWS, extractor=None, resamples=0),
    "linear_separability": lambda: {
        "model": vector_model(),
        "data": uniform(ROWS, OBSERVED),
        "test": uniform(ROWS, OBSERVED, seed=1),
        "labels": (torch.arange(ROWS) % 2, torch.arange(ROWS) % 2),
    },
    "log_likelihood": lambda: {
        "model": vector_model(),
        "x": uniform(ROWS, OBSERVED),
        "samples": 8,
        "likelihood": "bernoulli",
    },
}

MAKERS: dict[str, Row] = {
    "adapters.all_adapters": dict,
    "data.changed_pairs": lambda: {"data": factored(), "n": 8},
    "data.digits": dict,
    "data.entry": lambda: {"name": "dsprites"},
    "data.helix": lambda: {"n": 32},
    "data.home": dict,
    "data.laplace_walks": lambda: {"data": factored(), "n": 8},
    "data.load": lambda: {"name": "helix", "n": 16},
    "data.names": dict,
    "data.own": lambda: {"source": uniform(ROWS, *PICTURE)},
    "data.shared_pairs": lambda: {"data": factored(), "n": 8},
    "data.squares": lambda: {"n": 32},
    "data.squares_nonlinear": lambda: {"n": 32},
    "data.windows": lambda: {"series": uniform(ROWS, OBSERVED)},
    "features.embed": lambda: {"data": uniform(ROWS, *PICTURE), "extractor": lambda x: x.flatten(1)},
    "metrics.polarized_share": lambda: {
        "history": [{"step": 50 * k, "kl": 10.0, "kl_polarized": 10.0 if k > 1 else 5.0} for k in range(1, 5)]
    },
    "models.build": lambda: {"name": "vae-s", "x_shape": (1, 28, 28)},
    "models.describe": lambda: {"name": "vae-s"},
    "models.features": lambda: {"x_shape": (OBSERVED,), "latents": UNITS},
    "objectives.build": lambda: {"name": "beta-vae", "beta": 2.0},
    "objectives.complete": lambda: {"spec": {"name": "beta-vae", "beta": 2.0}},
    "objectives.published": lambda: {"model": "vlae-12"},
    "objectives.spec": lambda: {"objective": la.objectives.build("beta-vae", beta=2.0)},
    "perturbation.reflect": lambda: {"x": uniform(ROWS, OBSERVED)},
    "sampling.blocks": lambda: {"n": 10, "batch_size": 4, "label": "rows"},
    "sampling.kept_dtype": lambda: {"dtype": torch.float32},
    "training.cosine": lambda: {"lr": 0.1, "steps": 10},
    "training.halved": lambda: {"lr": 0.1, "every": 10},
    "fit": lambda: {
        "model": _network("vae-s"),
        "objective": la.objectives.build("beta-vae", beta=2.0),
        "data": uniform(FEW, 1, 28, 28),
        "steps": 1,
        "batch_size": 8,
        "device": "cpu",
        "progress": False,
    },
}

ARGUMENTS: dict[str, Row] = {
    **RESPONSES,
    **GEOMETRY,
    **METRICS,
    **SAMPLING,
    **SPATIAL_ROWS,
    **EVALUATION,
    **MAKERS,
    **MORE,
    **{f"plots.{name}": row for name, row in PLOTS.items()},
}
"""Public name of a function → what makes valid arguments of it, by keyword."""
