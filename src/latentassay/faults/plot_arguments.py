"""A valid call of every function that draws: arrays of numpy, of the smallest sizes that show anything."""

from collections.abc import Callable
from typing import Any

import numpy as np

from latentassay.core.findings import Score

U, SIDE = 4, np.linspace(-3, 3, 5)
"""Units, and the side of a grid of them."""

LABELS = [f"z{unit}" for unit in range(U)]
DEAD = np.array([False, False, True, False])


def shares(*shape: int, seed: int = 0) -> np.ndarray:
    """Return numbers in [0, 1)."""
    return np.random.default_rng(seed).random(shape)


def pictures(*many: int, seed: int = 0) -> np.ndarray:
    """Return grey pictures of 6×6."""
    return shares(*many, 1, 6, 6, seed=seed)


def _score(name: str) -> Score:
    return Score(name=name, label=name, value=0.5, definition="A score.", n=9, seed=0, low=0.4, high=0.6)


PLOTS: dict[str, Callable[[], dict[str, Any]]] = {
    "adjacency": lambda: {"matrix": np.triu(shares(U, U), 1), "labels": LABELS},
    "channel_maps": lambda: {"variance": shares(U, 5, 5), "labels": LABELS},
    "channel_relations": lambda: {
        "correlations": np.corrcoef(shares(U, 9)),
        "effects": np.corrcoef(shares(U, 9, seed=1)),
        "labels": LABELS,
    },
    "channel_scales": lambda: {
        "mean": shares(U),
        "mean_stderr": 0.1 * shares(U),
        "std": 0.5 + shares(U),
        "std_stderr": 0.1 * shares(U),
        "expected": 1.0,
        "labels": LABELS,
    },
    "code_use": lambda: {"counts": np.arange(16)},
    "double_intervention": lambda: {
        "base": pictures(),
        "first": pictures(seed=1),
        "second": pictures(seed=2),
        "grids": {"on the latents": pictures(U, U, seed=3)},
        "labels": LABELS,
    },
    "equivariance_matrix": lambda: {"matrix": shares(U, U), "labels": LABELS},
    "error_histogram": lambda: {"error": shares(50)},
    "error_shares": lambda: {"errors": {"training rows": shares(50), "other rows": 2 * shares(40)}},
    "factor_maps": lambda: {"factors": ["x", "y"], "labels": LABELS, "importance": shares(2, U)},
    "field_arrows": lambda: {
        "xs": SIDE,
        "ys": SIDE,
        "vectors": shares(5, 5, 2),
        "posterior": shares(20, 2),
        "labels": ("z0", "z1"),
    },
    "field_maps": lambda: {"xs": SIDE, "ys": SIDE, "divergence": shares(5, 5) - 0.5, "posterior": shares(20, 2)},
    "full_matrix": lambda: {"matrix": shares(U, U), "labels": range(U)},
    "half_plane": lambda: {"curves": [(shares(9), 0.1 + shares(9, seed=1))]},
    "hierarchy_panels": lambda: {
        "arrays": {
            name: shares(U)
            for kind in ("linear", "context_free", "places", "size")
            for name in (kind, f"{kind}_stderr")
        },
        "labels": LABELS,
    },
    "hybridisation": lambda: {
        "base": pictures(2),
        "alternative": pictures(2, seed=1),
        "hybrids": pictures(2, U, seed=2),
        "labels": LABELS,
    },
    "information_map": lambda: {"information": shares(2, U), "factors": ["x", "y"], "labels": LABELS},
    "invariance_matrix": lambda: {"matrix": shares(U, U), "labels": LABELS, "collapsed": DEAD},
    "kernel_maps": lambda: {
        "own": shares(5, 5),
        "others": shares(5, 5, seed=1),
        "overall": shares(4),
        "stderr": 0.1 * shares(4),
        "profile": shares(U, 4),
    },
    "move_bars": lambda: {
        "names": ["right", "down"],
        "encoded": shares(2),
        "encoded_stderr": 0.1 * shares(2),
        "decoded": shares(2, seed=1),
        "decoded_stderr": 0.1 * shares(2),
    },
    "noise_costs": lambda: {"cost": shares(U), "expected": shares(U, seed=1), "labels": LABELS},
    "path_map": lambda: {
        "paths": {"straight": np.linspace((-1, -1), (1, 1), 9)},
        "distances": {"straight": shares(9)},
        "posterior": shares(20, 2),
    },
    "path_strips": lambda: {"images": {"straight": pictures(5)}},
    "place_maps": lambda: {"maps": {"error": shares(4, 4)}, "tops": {"error": 1.0}},
    "quantile_lines": lambda: {
        "prior": np.linspace(-2, 2, 99),
        "quantiles": [np.linspace(-1, 2, 99)],
        "labels": ["z0"],
    },
    "reconstruction_pairs": lambda: {"originals": pictures(4), "reconstructions": pictures(4, seed=1)},
    "response_distances": lambda: {"distances": {"prior": shares(50)}, "threshold": 0.9},
    "response_graph": lambda: {
        "nodes": np.array([0, 1, 3]),
        "edges": [(0, 1), (1, 3)],
        "weights": [0.5, 0.2],
        "pairs": [(0, 1)],
        "labels": LABELS,
    },
    "principal_directions": lambda: {"turned": shares(U, U), "stretch": shares(U), "labels": LABELS},
    "response_matrix": lambda: {"normalized": shares(U, U), "labels": LABELS},
    "score_dots": lambda: {"scores": [_score("mig"), _score("sap")]},
    "self_consistency_bars": lambda: {
        "scores": {"posterior": shares(U)},
        "errors": {"posterior": 0.1 * shares(U)},
        "labels": LABELS,
        "collapsed": DEAD,
    },
    "spectra": lambda: {
        "latent": 0.1 + shares(4),
        "latent_stderr": 0.1 * shares(4),
        "channels": 0.1 + shares(U, 4),
        "picture": 0.1 + shares(8),
        "matched": 0.1 + shares(4),
        "slopes": (-0.8, -1.6),
    },
    "strips": lambda: {"groups": {"prior samples": pictures(4)}},
    "traversal_errors": lambda: {"values": SIDE, "errors": shares(U, 3, 5), "labels": LABELS, "moved": 1},
    "traversals": lambda: {"images": pictures(U, 5), "values": np.tile(SIDE, (U, 1)), "labels": LABELS},
    "unit_bars": lambda: {
        "response": shares(U),
        "stderr": 0.1 * shares(U),
        "alive": ~DEAD,
        "threshold": 0.3,
        "mean_std": shares(U),
        "posterior_std": shares(U),
        "labels": LABELS,
    },
    "unit_ledger": lambda: {
        "signal": shares(U),
        "effect": shares(U),
        "response": shares(U),
        "states": ["alive", "alive", "dead", "entangled"],
        "labels": LABELS,
    },
    "volume_map": lambda: {"xs": SIDE, "ys": SIDE, "values": 0.1 + shares(5, 5), "points": shares(20, 2)},
    "ways": lambda: {"rows": {"straight": pictures(5)}},
}
"""Name of a function of ``latentassay.plots`` → what makes valid arguments of it."""
