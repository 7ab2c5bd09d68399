"""Squared MMD between two isotropic Gaussians, by quadrature: squared distances of their draws are scaled χ²."""

import numpy as np
from scipy.integrate import quad
from scipy.stats import chi2, ncx2


def mean_kernel(c, d, variance, shift_squared=0.0):
    """E[c / (c + ‖u‖²)] for u ~ N(m, variance · I) in d dimensions with ‖m‖² = shift_squared."""
    law = ncx2(d, shift_squared / variance) if shift_squared else chi2(d)
    return quad(lambda t: c / (c + variance * t) * law.pdf(t), 0, float("inf"), epsabs=1e-11)[0]


def gaussian_mmd(c, d, shift, std, other_std):
    """Squared MMD of N((shift, …, shift), std² I) and N(0, other_std² I) for one kernel of width c."""
    within = mean_kernel(c, d, 2 * std**2) + mean_kernel(c, d, 2 * other_std**2)
    between = mean_kernel(c, d, std**2 + other_std**2, d * shift**2)
    return within - 2 * between


def diagonal_mmd(c, variances, other):
    """Squared MMD of N(0, diag(variances)) and N(0, diag(other)) for one kernel of width c.

    ``c/(c + r²) = ∫ c e^{−ct} e^{−t r²} dt``, and ``E e^{−t u²} = (1 + 2 t v)^{−½}`` for u ~ N(0, v).
    """

    def mean(spread):
        return quad(lambda t: c * np.exp(-c * t) / np.sqrt(np.prod(1 + 2 * t * spread)), 0, np.inf, limit=200)[0]

    variances, other = np.array(variances, float), np.array(other, float)
    return mean(2 * variances) + mean(2 * other) - 2 * mean(variances + other)
