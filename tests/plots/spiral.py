"""Three paths across a spiral of latents, with everything that is drawn of them."""

import numpy as np

from tests.report.conftest import observe

COSTS = {"manifold": 0.0659, "straight": 1234.5, "manifold_full": 0.05}


def spiral(t: np.ndarray) -> np.ndarray:
    return 2.3 * t[:, None] * np.stack([np.cos(5.5 * t), np.sin(5.5 * t)], 1)


def off(points: np.ndarray) -> np.ndarray:
    """How far responses move: little on the spiral, at most 0.6 elsewhere."""
    distance = np.linalg.norm(points[..., None, :] - spiral(np.linspace(0.1, 1, 200)), axis=-1).min(-1)
    return 0.05 + np.minimum(distance, 0.55)


def build(shape: tuple[int, ...] = (3, 16, 16)) -> dict[str, np.ndarray]:
    """Arrays of three paths across a spiral: along it, straight, and along it but for a bulge."""
    rng, share = np.random.default_rng(5), np.linspace(0, 1, 60)
    manifold = spiral(0.2 + 0.72 * share)
    straight = manifold[0] + share[:, None] * (manifold[-1] - manifold[0])
    full = manifold + 0.15 * np.sin(np.pi * share)[:, None]
    posterior = spiral(rng.uniform(0.15, 1, 400)) + rng.normal(0, 0.1, (400, 2))
    axis = np.linspace(-3, 3, 40)
    grid = np.stack(np.meshgrid(axis, axis), -1)
    arrays = {"posterior": posterior, "xs": axis, "ys": axis, "response_error": off(grid)}
    for kind, path in (("manifold", manifold), ("straight", straight), ("manifold_full", full)):
        arrays |= {kind: path, f"{kind}_distance": off(path), f"{kind}_images": decode(path[::5], shape)}
    if shape[0] in (2, 3) and len(shape) == 1:
        arrays["observations"] = decode(posterior, shape)
    return arrays


def decode(z: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return observe(np.stack([z[:, 0], z[:, 1], 0 * z[:, 0], z[:, 0], z[:, 1]], 1), shape)
