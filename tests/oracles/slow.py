"""The paper's formulas as written, loop by loop, for comparison with the fast code on the same draws."""

import numpy as np
import torch

from latentassay.responses.block_rows import block_size
from latentassay.stats.stratified import partners


def response(model, z_row):
    return model.encode(model.decode(z_row[None])).mean[0]


def response_matrix(model, z, partner, groups, size):
    """LR equation 5 with unit j's value in row i taken from row partner[i][j].

    In blocks of ``size`` rows every row is somebody's partner, one in ``size`` its own on average; so many of the terms
    are 0 by construction and must not count as pairs.
    """
    M2 = np.zeros((len(groups), len(groups)))
    for j, intervened in enumerate(groups):
        for k, responding in enumerate(groups):
            total = 0.0
            for i in range(len(z)):
                changed = z[i].clone()
                for latent in intervened:
                    changed[latent] = z[partner[i][j]][latent]
                before, after = response(model, z[i]), response(model, changed)
                total += sum(float(after[latent] - before[latent]) ** 2 for latent in responding)
            M2[j, k] = total / (len(z) * (size - 1) / size)
    return np.sqrt(M2)


def mmd(x, y, widths):
    """Unbiased squared MMD with i ≠ j everywhere (rows are paired), kernel as SPEC §1 says."""

    def kernel(a, b):
        squared = float(((a - b) ** 2).sum())
        return sum(c / (c + squared) for c in widths) / len(widths)

    n, total = len(x), 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                total += kernel(x[i], x[j]) + kernel(y[i], y[j]) - 2 * kernel(x[i], y[j])
    return total / (n * (n - 1))


def divergence(fx, fy, dx, dy):
    """Central differences inside, as LR equation 12 needs them, with the spacing."""
    out = np.full(fx.shape, np.nan)
    for i in range(1, fx.shape[0] - 1):
        for j in range(1, fx.shape[1] - 1):
            out[i, j] = (fx[i, j + 1] - fx[i, j - 1]) / (2 * dx) + (fy[i + 1, j] - fy[i - 1, j]) / (2 * dy)
    return out


def concentration(matrix, over_factors):
    """LR equations 7 (over factors) and 13, without the rescaling."""
    m, u = len(matrix), len(matrix[0])
    total = sum(matrix[i][j] for i in range(m) for j in range(u))
    if over_factors:
        best = sum(max(matrix[i][j] for i in range(m)) for j in range(u))
    else:
        best = sum(max(matrix[i][j] for j in range(u)) for i in range(m))
    return best / total


def conditioned_row(model, z_groups, groups):
    """LR equation 6 for one factor: z_groups are latents of one group each, values come from the next row."""
    squares = [[] for _ in groups]
    for z in z_groups:
        for i in range(len(z)):
            for j, unit in enumerate(groups):
                changed = z[i].clone()
                for latent in unit:
                    changed[latent] = z[(i + 1) % len(z)][latent]
                delta = response(model, changed) - response(model, z[i])
                squares[j].append(sum(float(delta[latent]) ** 2 for latent in unit))
    return np.array([np.sqrt(np.mean(s)) for s in squares])


def same_draws(z, units, seed):
    """The shuffle and the partners that response_matrix draws with this seed."""
    generator = torch.Generator().manual_seed(seed)
    z = z[torch.randperm(len(z), generator=generator)]
    size = block_size(len(z))
    whole = len(z) // size * size
    return z, partners(units.total(z[:whole]), size, generator=generator), size


def published_divergence(fx, fy):
    """What the published code computes: the same differences, the grid spacing forgotten."""
    return divergence(fx, fy, 1.0, 1.0)
