"""Codes that tests of metrics share."""

import numpy as np


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def normals(n, k, seed=0):
    return noise(n, k, seed=seed)


def couple(n, seed, shift=0.5, noise=0.3, k=1):
    """Rows of N(0, 1), and the same rows moved and noisy: N(shift, 1 + noise²)."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, k))
    return a, a + shift + noise * rng.normal(size=(n, k))


def ends(estimate):
    """Both ends of the interval of an estimate."""
    return estimate.low, estimate.high
