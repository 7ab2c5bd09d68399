"""Data made here without any file: the double helix, the squares, and scikit-learn's digits."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.randomness import as_seed
from latentassay.data.factors import FactorData


def helix(n: int = 1024, *, noise: float | int = 0.1, generator: Generator | int = 0) -> FactorData:
    """Draw the double helix: float32 vectors (n, 3) with the factor ``strand`` (2).

    ``x = [cos(π(t + s)), sin(π(t + s)), t] + ε``, t ~ Uniform(−1, 1), s ~ Bernoulli(½), ε ~ N(0, noise²): ``noise`` is
    a standard deviation. Source: LR Eq. 10 with A₁ = A₂ = A₃ = ω = 1.

    Raises:
        InputError: for fewer than one point or negative noise.

    >>> helix(4)
    FactorData('helix', n=4, x_shape=(3,), factors=[strand 2])
    """
    _positive(n, "n")
    if noise < 0:
        raise InputError(f"noise is a standard deviation and cannot be negative, got {noise}")
    rng = np.random.default_rng(as_seed(generator))
    t, strand = rng.uniform(-1, 1, n), rng.integers(0, 2, n)
    angle = np.pi * (t + strand)
    x = np.stack([np.cos(angle), np.sin(angle), t], 1) + noise * rng.standard_normal((n, 3))
    return FactorData(x.astype(np.float32), strand[:, None], ("strand",), (2,), name="helix")


def squares(n: int = 50_000, *, ratio: float | int = 2.0, bins: int = 10, generator: Generator | int = 0) -> FactorData:
    """Draw the linear synthetic data: a square stretched by ``ratio`` along one axis, turned in 3 dimensions.

    ``x = R [ratio·w₁, w₂, 0]``, w ~ Uniform([0, 1]²), R the rotation by 45° about (1, −1, 1). The factors are
    continuous; their codes number ``bins`` equal intervals of [0, 1]. ``ratio`` 2 is the data
    set of 3.3.1, and 1, 1.2 and 1.5 are the degenerate cases of 3.3.4. Source: PCA 3.3.1 and 3.3.4.

    Raises:
        InputError: for fewer than one point or bin, or a ratio that is not positive.

    >>> squares(4)
    FactorData('squares', n=4, x_shape=(3,), factors=[w1 10, w2 10])
    """
    _positive(n, "n")
    _positive(bins, "bins")
    _positive(ratio, "ratio")
    w = np.random.default_rng(as_seed(generator)).uniform(size=(n, 2))
    x = (w * [ratio, 1]) @ _rotation(np.array([1.0, -1.0, 1.0]), np.pi / 4)[:, :2].T
    return _with_codes(x, w, bins, "squares")


def squares_nonlinear(n: int = 50_000, *, bins: int = 10, generator: Generator | int = 0) -> FactorData:
    """Draw the nonlinear synthetic data: the unit square sent to 6 dimensions by a random network.

    ``x = W₂ tanh(W₁ w + b₁) + b₂``, w ~ Uniform([0, 1]²), 10 hidden units. The source does not give the distribution of
    the weights: here weights and biases are N(0, 1), W₂ divided by √10. Codes as in ``squares``. Source: PCA 3.3.1.

    Raises:
        InputError: for fewer than one point or bin.

    >>> squares_nonlinear(4).x_shape
    (6,)
    """
    _positive(n, "n")
    _positive(bins, "bins")
    rng = np.random.default_rng(as_seed(generator))
    w1, b1 = rng.standard_normal((10, 2)), rng.standard_normal(10)
    w2, b2 = rng.standard_normal((6, 10)) / np.sqrt(10), rng.standard_normal(6)
    w = rng.uniform(size=(n, 2))
    return _with_codes(np.tanh(w @ w1.T + b1) @ w2.T + b2, w, bins, "squares-nonlinear")


def digits() -> FactorData:
    """Load scikit-learn's 1,797 handwritten digits of 8×8, values 0 to 16 brought to 0 to 255.

    >>> digits()
    FactorData('digits', n=1797, x_shape=(1, 8, 8), factors=[digit 10])
    """
    # scikit-learn's file is read without scikit-learn, which takes as long to import as a small model to train.
    folders = find_spec("sklearn").submodule_search_locations  # type: ignore[union-attr]
    table = np.loadtxt(Path(folders[0]) / "datasets" / "data" / "digits.csv.gz", delimiter=",")  # type: ignore[index]
    images = np.round(table[:, :-1].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return FactorData(images, table[:, -1:].astype(np.int64), ("digit",), (10,), layout="hw", name="digits")


def _rotation(axis: Float[np.ndarray, "3"], angle: float) -> Float[np.ndarray, "3 3"]:
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix())


def _with_codes(x: Float[np.ndarray, "n d"], w: Float[np.ndarray, "n 2"], bins: int, name: str) -> FactorData:
    codes: Int[np.ndarray, "n 2"] = (w * bins).astype(np.int64)
    return FactorData(x.astype(np.float32), codes, ("w1", "w2"), (bins, bins), name=name)


def _positive(value: Any, name: str) -> None:
    if not value > 0:
        raise InputError(f"{name} must be positive, got {value}")
