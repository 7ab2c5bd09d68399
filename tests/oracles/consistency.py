"""Interventional consistency as the paper writes it (IC 2.1, algorithms 1 and 2), loop by loop."""

import numpy as np
import torch


def one(function, row):
    return function(row[None])[0]


def intervened(row, unit, value):
    """A copy of a row with the latents of a unit, or the one latent, set to a value."""
    changed = row.clone()
    changed[unit] = value
    return changed


def total_variance(rows):
    """Sum of the variances of all latents."""
    mean = sum(rows) / len(rows)
    return sum(float((row - mean).square().sum()) for row in rows) / (len(rows) - 1)


def apart(a, b, scale):
    """How far two units are apart: the Euclidean distance as printed, its square for "free"."""
    square = float((a - b).square().sum())
    return square**0.5 if scale == "paper" else square


def invariance(response, z, units, values, scale):
    """Equation 5: ``values[m]`` holds what unit m is set to."""
    before = [one(response, row) for row in z]
    variance = [total_variance([row[unit] for row in before]) for unit in units]
    errors = np.zeros((len(units), len(units)))
    for m, unit in enumerate(units):
        for value in values[m]:
            changed = [intervened(row, unit, value) for row in z]
            size = mean([apart(a[unit], b[unit], scale) for a, b in zip(changed, z, strict=True)])
            if size == 0:
                continue
            after = [one(response, row) for row in changed]
            for i, other in enumerate(units):
                moved = mean([apart(a[other], b[other], scale) for a, b in zip(after, before, strict=True)])
                errors[m, i] += scaled(moved, size, variance[m], variance[i], scale, "sigma") / len(values[m])
    return 1 - errors


def equivariance(response, causes, z, values, scale):
    """The equation below it."""
    before = [one(response, row) for row in z]
    caused = [one(causes, row) for row in before]
    units = range(z.shape[1])
    own = [total_variance([row[[m]] for row in before]) for m in units]
    spread = [total_variance([row[i] for row in caused]) for i in units]
    errors = np.zeros((len(units), len(units)))
    for m in units:
        for value in values[m]:
            size = mean([apart(row[m], value, scale) for row in z])
            if size == 0:
                continue
            after = [one(causes, one(response, intervened(row, m, value))) for row in z]
            expected = [one(causes, intervened(row, m, value)) for row in before]
            for i in units:
                moved = mean([apart(a[i], b[i], scale) for a, b in zip(after, expected, strict=True)])
                errors[m, i] += scaled(moved, size, own[m], spread[i], scale, "nothing") / len(values[m])
    return 1 - errors


def self_consistency(response, z, units, scale, steps=1):
    """The last equation; of the last of several steps."""
    before = list(z)
    for _ in range(steps - 1):
        before = [one(response, row) for row in before]
    after = [one(response, row) for row in before]
    scores = []
    for unit in units:
        moved = mean([apart(a[unit], b[unit], scale) for a, b in zip(after, before, strict=True)])
        variance = total_variance([row[unit] for row in after])
        scores.append(1 - moved / (variance if scale == "free" else variance**0.5))
    return np.array(scores)


def authors_invariance(response, z, units, values):
    """What the authors' code averages INV to: norms over the size of the intervention and σ, off the diagonal alone.

    ``values[m]`` holds what unit m is set to. Their 10⁻⁴ beside the size is left out.
    """
    before = torch.stack([one(response, row) for row in z])
    entries = []
    for m, unit in enumerate(units):
        for i, other in enumerate(units):
            if i == m:
                continue
            error = 0.0
            for value in values[m]:
                changed = torch.stack([intervened(row, unit, value) for row in z])
                after = torch.stack([one(response, row) for row in changed])
                moved = torch.linalg.norm((after - before)[:, other], dim=1).mean()
                size = torch.linalg.norm(changed - z, dim=1).mean()
                error += float(moved / size) / len(values[m])
            entries.append(1 - error / float(total_variance(list(before[:, other])) ** 0.5))
    return mean(entries)


def authors_self_consistency(response, z):
    """Their SCN of single latents: norms over σ of the response, each clamped to [0, 1], then averaged."""
    after = torch.stack([one(response, row) for row in z])
    scores = 1 - (after - z).abs().mean(0) / after.std(0)
    return float(torch.clamp(scores, 0.0, 1).mean())


def scaled(moved, size, own, watched, scale, printed):
    """What "free" and "paper" divide by; where something never varies, nothing is counted."""
    if scale == "paper" and printed == "nothing":
        return moved / size
    if watched == 0:
        return 0.0
    return moved / size * own / watched if scale == "free" else moved / size / watched**0.5


def mean(numbers):
    return sum(map(float, numbers)) / len(numbers)


def l_inv(response, noises, values, distance="square", detach=False):
    """Algorithm 1, on noises N^1 … N^T ``(T, units)``; ``values`` are those that each unit intervened on is set to."""
    total = noises.new_zeros(())
    for m, interventions in values.items():
        for value in interventions:
            changed = torch.stack([intervened(row, m, value) for row in noises])
            before, after = response(noises), response(changed)
            if detach:
                before = before.detach()
            error = noises.new_zeros(())
            for k in range(len(noises)):
                for i in range(noises.shape[1]):
                    if i != m:
                        error = error + length(before[k, i] - after[k, i], distance)
            total = total + error / (noises.shape[1] * len(noises))
    return total / sum(map(len, values.values()))


def l_eqv(response, causes, noises, values, own=True, distance="square", detach=False):
    """Algorithm 2; its sum leaves out i = m as printed, the equation of the text does not (``own``)."""
    total = noises.new_zeros(())
    for m, interventions in values.items():
        for value in interventions:
            changed = torch.stack([intervened(row, m, value) for row in noises])
            before = response(noises).detach() if detach else response(noises)
            expected = torch.stack([intervened(row, m, value) for row in before])
            after, before = causes(response(changed)), causes(expected)
            error = noises.new_zeros(())
            for k in range(len(noises)):
                for i in range(noises.shape[1]):
                    if own or i != m:
                        error = error + length(before[k, i] - after[k, i], distance)
            total = total + error / (noises.shape[1] * len(noises))
    return total / sum(map(len, values.values()))


def length(difference, distance):
    return difference.square().sum() if distance == "square" else torch.linalg.vector_norm(difference)


def authors_l_inv(response, codes, values):
    """The authors' L_INV of an AE: norms from a base response that is given, all units, mean of the whole matrix.

    ``codes`` are base latents ``(T, units)``, ``values[m]`` what unit m is set to. Their diagonal is 0, and counts.
    """
    units = codes.shape[1]
    with torch.no_grad():
        before = response(codes)
    errors = []
    for m in range(units):
        rows = []
        for value in values[m]:
            changed = codes.clone()
            changed[:, m] = value
            rows.append(torch.linalg.norm((before - response(changed))[..., None], ord=2, dim=-1).mean(0))
        errors.append(torch.stack(rows).mean(0))
    return (torch.stack(errors) * (1 - torch.eye(units))).mean()


def independence(z, y, shuffles, widths):
    """T(z) − mean_b T(h_b) with T of the docstring, pair by pair."""

    def kernel(a, b):
        squared = float((a - b).square().sum())
        return sum(c / (c + squared) for c in widths) / len(widths)

    def discrepancy(rows):
        n = len(rows)
        within = sum(kernel(rows[i], rows[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
        return within - 2 * sum(kernel(a, b) for a in rows for b in y) / n**2

    return discrepancy(z) - mean([discrepancy(rows) for rows in shuffles])
